"""Where rows go: as log records over OTLP, into a ClickHouse server, or into an embedded store."""
