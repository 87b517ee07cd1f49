"""Makes texts of spans and log records exportable: without secrets, in UTF-8, and short enough for a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from argus_otel.telemetry.encoding import as_utf8

MAX_LENGTH = 32_768
"""The most characters of one text; the middle of a longer one is left out."""

# More than the longest secret: one that is cut in two would leave a half that is not recognized.
_MARGIN = 400


def exportable(text: str, redact: Callable[[str], str]) -> str:
    """Return ``text`` without secrets, in UTF-8, and without the middle if it is too long.

    The ends of a stacktrace are its most useful parts. The middle, which may be megabytes, is not searched. Half of a
    surrogate pair, which JSON may hold, is escaped: a text that is not UTF-8 would fail the export of a whole batch.
    """
    text = as_utf8(text, "backslashreplace")
    if len(text) <= MAX_LENGTH:
        return redact(text)
    half = MAX_LENGTH // 2
    start = redact(text[: half + _MARGIN])[:-_MARGIN]
    end = redact(text[-half - _MARGIN :])[_MARGIN:]
    return f"{start}\n… {len(text) - MAX_LENGTH} characters are left out here …\n{end}"


def texts_in(value: object) -> Iterator[str]:
    """Iterate over every text in an attribute's value or a log record's body, names of a mapping too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, Mapping):
        for name, each in cast("Mapping[object, object]", value).items():
            yield from texts_in(name)
            yield from texts_in(each)
    elif isinstance(value, Sequence):
        for each in cast("Sequence[object]", value):
            yield from texts_in(each)
