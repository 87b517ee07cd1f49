"""Daily files: history in a directory that needs no engine to be written.

:mod:`.writer` is the part in the observed process; it uses the standard library alone. Where ClickHouse's engine is
installed, :mod:`.ingestion` brings the rows into a store, and :mod:`.queryable` opens a directory for queries.
"""
