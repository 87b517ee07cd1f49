"""Pictures of the dashboards, drawn from their JSON and the telemetry of a busy bot; ``make pictures``.

**Temporary.** Grafana cannot be installed where this project is built, so these are no screenshots: they show the real
answers to each panel's queries, at its position on the grid. If Grafana would draw otherwise, the pictures are wrong.
Once Grafana and its image renderer can run beside the tests (as containers), take screenshots, and delete this package
together with ``tools.grafana``, which it uses. Nothing else depends on it.
"""
