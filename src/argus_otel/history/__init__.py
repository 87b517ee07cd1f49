"""History: every recorded event as one row, kept for months in ClickHouse.

An engine that knows no source. :mod:`.record` brings rows from the observed process to their destination, and
:mod:`.store` keeps them; the typed tables and the queries of a source are its own model's, see
:class:`~argus_otel.history.store.model.HistoryModel`. History is opt-in, travels beside metrics and traces, and may
have ids, which metrics never have.
"""
