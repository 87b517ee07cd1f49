"""Reports on runs, a module for each format."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .document import print_json
from .junit import print_junit
from .report import Report
from .table import print_table
from .tap import print_tap

__all__ = ["FORMATS", "Report"]

FORMATS: Mapping[str, Callable[[Report], None]] = {
    "table": print_table,
    "json": print_json,
    "junit": print_junit,
    "tap": print_tap,
}
"""What prints a report in each format."""
