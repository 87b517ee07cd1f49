"""The instrumentation scope under which everything of ours stands, whichever way it is exported.

It has no schema URL. What we name after OpenTelemetry's semantic conventions is only a part of what those require:
`server.port` is missing from HTTP metrics and spans, and `url.full` from spans, since it would hold tokens. And the URL
has the conventions' version in it and is a label of every series in Prometheus, so that each would begin anew with it.
"""

SCOPE = "argus_otel"
