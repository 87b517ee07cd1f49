"""Gathers the signals of catalogues, and their attributes from the signals that have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from argus_otel.catalogues import CATALOGUES
from argus_otel.scrape.series import prometheus_name
from argus_otel.telemetry import Attribute, AttributeValue, Catalogue, Event, Metric, Span

KINDS = ("metric", "span", "event", "attribute")

SEMCONV = "1.40.0"
"""The version of OpenTelemetry's semantic conventions that defines every attribute in :data:`UPSTREAM`."""

UPSTREAM = frozenset(
    {
        "code.stacktrace",
        "cpu.mode",
        "cpython.gc.generation",
        "dns.question.name",
        "error.type",
        "exception.message",
        "exception.stacktrace",
        "exception.type",
        "gen_ai.agent.name",
        "gen_ai.conversation.id",
        "gen_ai.evaluation.explanation",
        "gen_ai.evaluation.name",
        "gen_ai.evaluation.score.label",
        "gen_ai.evaluation.score.value",
        "gen_ai.input.messages",
        "gen_ai.operation.name",
        "gen_ai.output.messages",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.request.stream",
        "gen_ai.response.finish_reasons",
        "gen_ai.response.id",
        "gen_ai.response.model",
        "gen_ai.response.time_to_first_chunk",
        "gen_ai.token.type",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.id",
        "gen_ai.tool.call.result",
        "gen_ai.tool.name",
        "gen_ai.tool.type",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.workflow.name",
        "host.name",
        "http.request.method",
        "http.request.resend_count",
        "http.response.status_code",
        "hw.id",
        "hw.type",
        "network.peer.address",
        "process.runtime.version",
        "server.address",
        "server.port",
        "service.peer.name",
        "service.version",
        "telemetry.distro.version",
        "telemetry.sdk.version",
        "thread.name",
        "tls.server.not_after",
        "url.full",
        "url.template",
        "user_agent.synthetic.type",
        "vcs.ref.head.revision",
    }
)
"""The attributes in use that OpenTelemetry's semantic conventions define."""


@dataclass(slots=True)
class Known:
    """One attribute, and the signals that have it.

    Attributes
    ----------
    type:
        ``string``, ``int``, ``double`` or ``boolean``.
    values, cardinality_limit, examples:
        As in :class:`~argus_otel.telemetry.Attribute`. The limit is 0 for a closed set, and for an attribute that no
        metric has.
    metrics, spans, events:
        The names of the signals that have it.
    """

    name: str
    description: str = ""
    values: tuple[AttributeValue, ...] = ()
    cardinality_limit: int = 0
    examples: tuple[AttributeValue, ...] = ()
    metrics: list[str] = field(default_factory=list[str])
    spans: list[str] = field(default_factory=list[str])
    events: list[str] = field(default_factory=list[str])

    @property
    def type(self) -> str:
        """The type of its values."""
        return _TYPES[type(next(iter(self.values or self.examples), ""))]

    @property
    def upstream(self) -> bool:
        """Whether OpenTelemetry's semantic conventions define it."""
        return self.name in UPSTREAM

    @property
    def bound(self) -> str:
        """Which values it may have, in words."""
        if self.values:
            return ", ".join(map(str, self.values))
        return f"up to {self.cardinality_limit} values" if self.cardinality_limit else "any value"


_TYPES = {str: "string", bool: "boolean", int: "int", float: "double"}


@dataclass(frozen=True, slots=True)
class Contents:
    """Metrics, spans, events and attributes, in the order of the catalogues."""

    metrics: Sequence[Metric]
    spans: Sequence[Span]
    events: Sequence[Event]
    attributes: Sequence[Known]

    def __bool__(self) -> bool:
        return bool(self.metrics or self.spans or self.events or self.attributes)

    def only(self, kind: str | None, names: Sequence[str]) -> Contents:
        """Return the signals of ``kind``, or of any, that one of ``names`` matches; all of them if it is empty."""

        def wanted(of: str, *spellings: str) -> bool:
            return kind in (None, of) and (not names or any(_matches(name, spellings) for name in names))

        return replace(
            self,
            metrics=[m for m in self.metrics if wanted("metric", m.name, *served(m))],
            spans=[s for s in self.spans if wanted("span", s.name)],
            events=[e for e in self.events if wanted("event", e.name)],
            attributes=[a for a in self.attributes if wanted("attribute", a.name)],
        )


def served(metric: Metric) -> tuple[str, ...]:
    """Return the names of the samples of ``metric`` in Prometheus."""
    name = prometheus_name(metric)
    return (name, *(f"{name}_{part}" for part in ("bucket", "count", "sum"))) if metric.boundaries else (name,)


class NoSourceError(LookupError):
    """No installed source has that name. The message names those that have a catalogue."""


def catalogues_of(source: str | None = None) -> tuple[Catalogue, ...]:
    """Return the catalogues of the installed sources and argus-otel's own, or that of one source.

    Raises
    ------
    NoSourceError
        ``source`` has no catalogue.
    """
    found = tuple(catalogue for catalogue in CATALOGUES if source in (None, catalogue.name))
    if not found:
        names = ", ".join(catalogue.name for catalogue in CATALOGUES)
        raise NoSourceError(f"--source is {source!r}, and there is no such source; there are: {names}")
    return found


def gather(catalogues: Iterable[Catalogue] | None = None) -> Contents:
    """Return the contents of ``catalogues``, by default of :func:`catalogues_of` every source."""
    catalogues = catalogues_of() if catalogues is None else tuple(catalogues)
    known: dict[str, Known] = {}
    for catalogue in catalogues:  # before any signal: an event may have an attribute that another catalogue describes
        for each in catalogue.span_attributes:
            known.setdefault(each.name, Known(each.name, each.description, examples=each.examples))
    meanings: dict[str, dict[str, Attribute]] = {}
    for catalogue in catalogues:
        for metric in catalogue.metrics:
            for each in metric.attributes:
                known.setdefault(each.name, Known(each.name)).metrics.append(metric.name)
                meanings.setdefault(each.name, {})[catalogue.name] = each
    for name, by_source in meanings.items():
        _describe(known[name], by_source)
    for catalogue in catalogues:
        for span in catalogue.spans:
            for name in span.attributes:
                known.setdefault(name, Known(name)).spans.append(span.name)
        for event in catalogue.events:
            for name in event.attributes:
                known.setdefault(name, Known(name)).events.append(event.name)
    return Contents(
        [metric for catalogue in catalogues for metric in catalogue.metrics],
        [span for catalogue in catalogues for span in catalogue.spans],
        [event for catalogue in catalogues for event in catalogue.events],
        sorted(known.values(), key=lambda attribute: attribute.name),
    )


def _describe(known: Known, by_source: dict[str, Attribute]) -> None:
    """Set what an attribute means. Sources may each narrow one of OpenTelemetry's, such as ``error.type``."""
    meanings = list(by_source.values())
    known.description, known.values = meanings[0].description, meanings[0].values
    known.cardinality_limit, known.examples = meanings[0].cardinality_limit, meanings[0].examples
    if len(set(map(id, meanings))) > 1:
        known.description = " ".join(f"Of `{source}`: {each.description}" for source, each in by_source.items())
        known.values, known.cardinality_limit = (), sum(each.cardinality_limit or len(each.values) for each in meanings)
        firsts = [example for each in meanings for example in (each.examples or each.values)[:1]]
        known.examples = tuple(dict.fromkeys(firsts))


def _matches(word: str, spellings: tuple[str, ...]) -> bool:
    if "*" in word or "?" in word:
        return any(fnmatchcase(spelling, word) for spelling in spellings)
    return any(word in spelling for spelling in spellings)
