"""The signals that the distro emits about itself."""

from __future__ import annotations

from .definitions import Attribute, Catalogue, InstrumentKind, Metric, Span, SpanAttribute, SpanKind

HOOK = Attribute(
    "argus.hook", "The hook, by the name that /status gives it.", cardinality_limit=100, examples=("REST calls",)
)
ATTRIBUTE = Attribute(
    "argus.attribute", "The attribute whose values were capped.", cardinality_limit=100, examples=("url.template",)
)

HOOK_ERRORS = Metric(
    "argus.hook.errors",
    InstrumentKind.COUNTER,
    "{error}",
    "Faults inside a hook of argus-otel, which the bot never saw.",
    (HOOK,),
)
HOOK_ACTIVE = Metric(
    "argus.hook.active",
    InstrumentKind.GAUGE,
    "{hook}",
    "1 for a hook that is in place, 0 for one that is not.",
    (HOOK,),
)
ATTRIBUTE_OVERFLOW = Metric(
    "argus.attribute.overflow",
    InstrumentKind.COUNTER,
    "{value}",
    "Values that became _OTHER: an attribute had reached its cap, the value is outside its closed set, or the metric "
    "had as many series as it may have.",
    (ATTRIBUTE,),
)
LOSS = Attribute(
    "argus.export.loss.reason",
    "Why: `failed`, the export; `queue_full`, while exports took too long; `ended`, after the last export.",
    values=("failed", "queue_full", "ended"),
)
EXPORTER = Attribute(
    "argus.exporter", "The signal and the exporter.", cardinality_limit=20, examples=("traces otlp_proto_grpc",)
)

EXPORT_LOST = Metric(
    "argus.export.lost",
    InstrumentKind.COUNTER,
    "{item}",
    "Spans, log records, records of histograms and points of metrics of delta temporality that were lost on their way "
    "to an exporter, or by it.",
    (EXPORTER, LOSS),
)

HISTORY_EVENT = Attribute(
    "argus.history.event", "The event's name.", cardinality_limit=300, examples=("discord.command", "song.played")
)
DROP_REASON = Attribute(
    "argus.history.drop.reason",
    "`buffer_full`: events came faster than they could be written. `spool_full`: the directory of waiting events had "
    "reached its limit. `refused`: the store will never take it. `torn`: half written when a process was killed. "
    "`names`: events by too many different names. `shutdown`: no time or place was left when the bot ended.",
    values=("buffer_full", "spool_full", "refused", "torn", "names", "shutdown"),
)
WHERE = Attribute("argus.history.where", "Where they wait.", values=("memory", "disk"))

HISTORY_EVENTS = Metric(
    "argus.history.events",
    InstrumentKind.COUNTER,
    "{event}",
    "Events that were taken into history, to be delivered.",
    (HISTORY_EVENT,),
)
HISTORY_DROPPED = Metric(
    "argus.history.dropped",
    InstrumentKind.COUNTER,
    "{event}",
    "Events that are in no history, by reason.",
    (DROP_REASON,),
)
HISTORY_WAITING = Metric(
    "argus.history.waiting",
    InstrumentKind.GAUGE,
    "{event}",
    "Events that are still to be delivered. Processes that share a directory all see what waits there.",
    (WHERE,),
)

SPAN_ATTRIBUTES = (
    SpanAttribute(
        "argus.history.id", "The same for one thing that happened, however often it is sent.", ("9f0c7c52-…",)
    ),
    SpanAttribute("argus.history.duration", "How long it took, in seconds; absent for what has no duration.", (0.25,)),
)

TIMED_SPAN = Span(
    "{name}",
    SpanKind.INTERNAL,
    "What the bot's own code times with `argus_otel.timed`, by the name that it gives; with the attributes it gives.",
    ("error.type",),
)

CATALOGUE = Catalogue(
    "argus",
    metrics=(
        HOOK_ERRORS,
        HOOK_ACTIVE,
        ATTRIBUTE_OVERFLOW,
        EXPORT_LOST,
        HISTORY_EVENTS,
        HISTORY_DROPPED,
        HISTORY_WAITING,
    ),
    spans=(TIMED_SPAN,),
    span_attributes=SPAN_ATTRIBUTES,
)
"""The distro's own signals."""
