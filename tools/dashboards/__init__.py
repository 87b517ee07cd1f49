"""Grafana's dashboards as code: ``make dashboards`` writes grafana/dashboards/, a directory for each source.

They are plain JSON, by a builder of our own rather than by grafana-foundation-sdk. The SDK is published once for each
release of Grafana with the time as the version's epoch (``1769699379!11.6.0``), so that no range means "11 or newer":
the newest by epoch is the model of Grafana 10.1. It has no queries of the ClickHouse plugin, needs Python 3.11, and
checks nothing. It does know the fields of Grafana's own schema: a test reads each dashboard through it, and no field
may get lost on the way.

=============  ==================================================================================
module         has
=============  ==================================================================================
``style``      units, colours, thresholds and sizes, the same on all dashboards
``queries``    targets: PromQL and SQL, and the selectors that every query has
``tempo_loki`` targets: TraceQL and LogQL
``variables``  the variables at the top of a dashboard
``panels``     one function for each kind of panel
``board``      a dashboard of rows of panels, each placed on the grid
``boards``     the dashboards, in a package for each source; the other modules know no source
=============  ==================================================================================
"""
