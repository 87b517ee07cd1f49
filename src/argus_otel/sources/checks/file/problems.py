"""The error that has the mistakes in a file or a definition."""

from __future__ import annotations

from argus_otel.sources.problems import FileError


class CheckFileError(FileError):
    """A file of checks, or the definition of a check in code, has mistakes. The message has one line for each.

    Attributes
    ----------
    problems:
        All mistakes, in the file's order.
    """
