"""The whole pipeline: bot, Collector, Prometheus and ClickHouse, all real, with the shipped configs and schema."""
