"""Removes secrets from every span that is exported, ours and those of others.

The program's own tracer and other instrumentations may put secrets into their spans: a webhook that is posted under
OpenTelemetry's instrumentation of aiohttp has its token in ``url.full``. So every span is looked through, on the
exporter's thread. One with a secret is exported as a copy: span processors of others may hold the span itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, Status
from opentelemetry.util.types import Attributes

from argus_otel.telemetry.encoding import is_utf8

from .private import bounded_list
from .texts import MAX_LENGTH, exportable, texts_in

Redact = Callable[[str], str]


def redacted(span: ReadableSpan, redact: Redact) -> ReadableSpan:
    """Return ``span``, or a copy with redacted texts. Its resource and its scope stay."""
    # All texts at once: nearly no span has a secret, and a call for each would cost more than the search.
    texts = tuple(texts_of(span))
    if len(max(texts, key=len)) <= MAX_LENGTH:
        everything = "\n".join(texts)
        if is_utf8(everything) and redact(everything) == everything:
            return span
    status = span.status
    if status.description is not None:
        status = Status(status.status_code, exportable(status.description, redact))
    events = [
        Event(exportable(each.name, redact), _attributes(each.attributes, redact), each.timestamp)
        for each in span.events
    ]
    links = [Link(each.context, _attributes(each.attributes, redact)) for each in span.links]
    return ReadableSpan(
        name=exportable(span.name, redact),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_attributes(span.attributes, redact, span.dropped_attributes),
        events=bounded_list(None, events, span.dropped_events),
        links=bounded_list(None, links, span.dropped_links),
        kind=span.kind,
        status=status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def texts_of(span: ReadableSpan) -> Iterator[str]:
    """Iterate over every text of a span, its name first."""
    yield span.name
    if span.status.description is not None:
        yield span.status.description
    yield from texts_in(span.attributes)
    for event in span.events:
        yield event.name
        yield from texts_in(event.attributes)
    for link in span.links:
        yield from texts_in(link.attributes)


def _redacted(value: Any, redact: Redact) -> Any:
    if isinstance(value, str):
        return exportable(value, redact)
    if isinstance(value, bytes):
        return redact(value.decode("latin-1")).encode("latin-1")
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {_redacted(name, redact): _redacted(each, redact) for name, each in items}
    if isinstance(value, Sequence):
        return [_redacted(each, redact) for each in cast("Sequence[Any]", value)]
    return value


def _attributes(attributes: Attributes, redact: Redact, dropped: int | None = None) -> Attributes:
    """Return a copy without secrets, with the original's number of attributes that the SDK's limits have dropped."""
    made = BoundedAttributes(None, _redacted(attributes or {}, redact))
    made.dropped = getattr(attributes, "dropped", 0) if dropped is None else dropped
    return made
