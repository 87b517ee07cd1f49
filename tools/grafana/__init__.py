"""What Grafana does with a dashboard before anything is drawn: variables are filled in, and queries are asked for real.

Grafana itself cannot be installed from a package registry. What dashboards are proved by, and drawn from, does the same
as Grafana as far as ours go, and says so where it would have to do more.

=============  ==================================================================================
module         has
=============  ==================================================================================
``model``      a dashboard's JSON: its panels, their targets, its variables
``filling``    how a variable is written into a query, by the rules of each data source
``macros``     what the ClickHouse plugin's macros become
``frames``     answers, as Grafana hands them to a panel
``sources``    a Prometheus and a ClickHouse, asked over HTTP
``session``    one dashboard opened by somebody who has chosen something: variables resolved, targets asked
``shaping``    transformations and overrides
=============  ==================================================================================
"""
