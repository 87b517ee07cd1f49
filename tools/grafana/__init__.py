"""A stand-in for Grafana: it fills in variables and runs queries as Grafana does before it draws anything.

**Temporary.** It exists because Grafana cannot be installed from a package registry, and so not on the machine where
this project is built. Once tests run beside a Grafana (its container image is enough), let that run the queries, by its
API ``/api/ds/query``, and delete this package. Until then it covers the features that our dashboards use, and raises an
error on any other. Only tests and ``tools.pictures`` use it.

=============  ==================================================================================
module         has
=============  ==================================================================================
``model``      a dashboard's JSON: its panels, their targets, its variables
``filling``    how a variable is written into a query, by the rules of each data source
``macros``     the expansion of the ClickHouse plugin's macros
``frames``     answers, as Grafana hands them to a panel
``sources``    a Prometheus and a ClickHouse, queried over HTTP
``session``    one dashboard opened with a choice of variables: variables resolved, targets queried
``shaping``    transformations and overrides
=============  ==================================================================================
"""
