"""Splits batches into requests that a Collector accepts.

By default a Collector takes 4 MiB by gRPC. It refuses a larger request with ``RESOURCE_EXHAUSTED``, which
OpenTelemetry's exporter takes for transient: it tries again until its timeout, and then the whole batch is lost.
https://github.com/open-telemetry/opentelemetry-collector/blob/v0.161.0/config/configgrpc/README.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

from .texts import texts_in

T = TypeVar("T")

PORTION = 1_000_000
"""The most characters of one request, roughly: up to 4 MB in UTF-8."""

_OVERHEAD = 300
"""The bytes of a span or a log record besides its texts, roughly."""


def in_portions(exporter: type[T], texts_of: Callable[[Any], Iterator[str]]) -> type[T]:
    """Return a subclass of an exporter that sends a large batch in several requests.

    Parameters
    ----------
    texts_of:
        Returns the texts of one item of a batch.
    """

    class InPortions(exporter):  # type: ignore[misc, valid-type]
        def export(self, batch: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
            export = cast("Any", super()).export
            results = [export(portion, *args, **kwargs) for portion in portions(batch, texts_of)]
            return next((result for result in results if getattr(result, "name", "") == "FAILURE"), results[-1])

    InPortions.__name__ = InPortions.__qualname__ = exporter.__name__
    return cast("type[T]", InPortions)


def portions(batch: Sequence[T], texts_of: Callable[[T], Iterator[str]]) -> Iterator[Sequence[T]]:
    """Iterate over parts of a batch that fit into one request each; an item that is larger is a part of its own."""
    portion: list[T] = []
    size = 0
    for item in batch:
        more = _OVERHEAD + sum(map(len, texts_of(item)))
        if portion and size + more > PORTION:
            yield portion
            portion, size = [], 0
        portion.append(item)
        size += more
    yield portion


def texts_of_log_record(record: Any) -> Iterator[str]:
    """Iterate over the texts of one item of a batch of log records, as the SDK hands it to an exporter."""
    yield from texts_in(record.log_record.body)
    yield from texts_in(record.log_record.attributes)
