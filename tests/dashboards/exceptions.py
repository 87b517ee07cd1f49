"""Exceptions for single panels. Apart from this list, the tests treat all dashboards alike."""

CANNOT_HONOUR = {
    # Only roots know their shard, and exceptions are of any span.
    ("argus-traces", "Exceptions", "shard"),
    # A trace's id tells all.
    ("argus-traces-tempo", "Waterfall", "service"),
    # Of log records only events know their shard.
    *(
        ("argus-traces", title, "shard")
        for title in ("Errors in logs", "Log records by level", "Warnings and errors", "Events")
    ),
}
"""Dashboard, panel and variable, if a query cannot keep to the chosen value."""

OF_OTHER_SYSTEMS = {"process_windows_handle_count"}
"""Metrics that have no series on this system. Their labels are those of every gauge of a process."""

MAY_BE_EMPTY = ("Given up", "collector")
"""Panels, and variables, that may be empty: the Collector gives up nothing unless its queues on disk are full, or
ClickHouse refuses rows for good, as in tests/pipeline/test_queues.py. And a bot that is scraped itself has no Collector
to choose."""
