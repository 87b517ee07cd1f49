"""The whole way: bot, Collector, Prometheus and ClickHouse, all of them real, on the configs and schema that ship."""
