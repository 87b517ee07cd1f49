"""The store of history: ClickHouse, on a server or embedded. Engine of the tables, retention, erasure and queries."""
