"""The instrumentation scope under which everything of ours stands, whichever way it is exported."""

SCOPE = "argus_otel"
