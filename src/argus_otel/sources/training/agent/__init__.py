"""The agent: a process of a host and a user that does what people ask for through ClickHouse. Nothing else may ask it.

A process of its own, which no observed program imports: it reads a store, as queries do.
"""
