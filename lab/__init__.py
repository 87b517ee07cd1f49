"""Starts the real components behind a bot on this machine, for tests: ClickHouse, Collector, Prometheus."""
