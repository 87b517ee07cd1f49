"""The instrumentation scope of everything that argus-otel records, on every export path.

It has no schema URL. Our signals have only a part of the attributes that OpenTelemetry's semantic conventions require:
`server.port` is missing from HTTP metrics and spans, and `url.full` from spans, since it would hold tokens. And the URL
has the conventions' version in it and is a label of every series in Prometheus, so that each would begin anew with it.
"""

SCOPE = "argus_otel"
