"""The real parts behind a bot, run on this machine for the tests: a ClickHouse, a Collector, a Prometheus."""
