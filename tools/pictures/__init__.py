"""Pictures of the dashboards, drawn from their JSON and from what a busy bot has left behind; ``make pictures``.

Grafana cannot be installed where this project is built. So these are no screenshots: they show what each panel asks,
where it is, and the real answers. What Grafana would draw otherwise than here is a fault of these pictures.
"""
