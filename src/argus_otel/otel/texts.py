"""The texts of spans and log records on their way out: without secrets, and none too long for a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from argus_otel.telemetry.encoding import as_utf8

LONGEST = 32_768
"""The most characters of one text; of a longer one, the middle is left out."""

# More than the longest secret: what is cut in two must not leave a half that is not known as one.
_MARGIN = 400


def exportable(text: str, redact: Callable[[str], str]) -> str:
    """Return ``text`` without secrets, in UTF-8, and with both ends only where it is too long.

    A stacktrace tells most at its ends. Nothing of the middle is looked at, which may be megabytes. Half of a surrogate
    pair, which JSON may hold, is spelt out: what is no UTF-8 would cost a whole batch its export.
    """
    text = as_utf8(text, "backslashreplace")
    if len(text) <= LONGEST:
        return redact(text)
    half = LONGEST // 2
    start = redact(text[: half + _MARGIN])[:-_MARGIN]
    end = redact(text[-half - _MARGIN :])[_MARGIN:]
    return f"{start}\n… {len(text) - LONGEST} characters are left out here …\n{end}"


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
