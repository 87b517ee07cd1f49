"""The signals that the distro emits about itself."""

from __future__ import annotations

from .definitions import Attribute, Catalogue, InstrumentKind, Metric, Span, SpanAttribute, SpanKind

HOOK = Attribute("argus.hook", "The hook, as /status names it.", cardinality_limit=100, examples=("REST calls",))
ATTRIBUTE = Attribute(
    "argus.attribute", "The attribute whose values became `_OTHER`.", cardinality_limit=100, examples=("url.template",)
)

HOOK_ERRORS = Metric(
    "argus.hook.errors",
    InstrumentKind.COUNTER,
    "{error}",
    "Faults in hooks of argus-otel, which do not reach the program.",
    (HOOK,),
)
HOOK_ACTIVE = Metric(
    "argus.hook.active",
    InstrumentKind.GAUGE,
    "{hook}",
    "1 for an installed hook, 0 for one that is not installed.",
    (HOOK,),
)
ATTRIBUTE_OVERFLOW = Metric(
    "argus.attribute.overflow",
    InstrumentKind.COUNTER,
    "{value}",
    "Values that became _OTHER: the attribute had reached its cardinality limit, the value is outside its closed set, "
    "or the metric had reached its limit of series.",
    (ATTRIBUTE,),
)
LOSS = Attribute(
    "argus.export.loss.reason",
    "Why. `failed`: the export failed. `queue_full`: exports took too long. `ended`: the last export was over.",
    values=("failed", "queue_full", "ended"),
)
EXPORTER = Attribute(
    "argus.exporter", "The signal and the exporter.", cardinality_limit=20, examples=("traces otlp_proto_grpc",)
)

EXPORT_LOST = Metric(
    "argus.export.lost",
    InstrumentKind.COUNTER,
    "{item}",
    "Spans, log records, records of histograms and points of metrics of delta temporality that an exporter lost or "
    "never received.",
    (EXPORTER, LOSS),
)

HISTORY_EVENT = Attribute(
    "argus.history.event", "The event's name.", cardinality_limit=300, examples=("discord.command", "song.played")
)
DROP_REASON = Attribute(
    "argus.history.drop.reason",
    "`buffer_full`: events came faster than they could be written. `spool_full`: the directory of waiting events had "
    "reached its limit. `refused`: the store rejected it for good. `torn`: a process was killed while it wrote it. "
    "`names`: events had too many different names. `shutdown`: the process ended before it was delivered or stored.",
    values=("buffer_full", "spool_full", "refused", "torn", "names", "shutdown"),
)
EXPIRE_REASON = Attribute(
    "argus.history.expire.reason",
    "`age`: their day was older than `ARGUS_HISTORY_FILES_DAYS`. `size`: the directory had reached "
    "`ARGUS_HISTORY_FILES_LIMIT`, and theirs was the oldest day.",
    values=("age", "size"),
)
WHERE = Attribute("argus.history.where", "Where the events wait.", values=("memory", "disk"))

HISTORY_EVENTS = Metric(
    "argus.history.events",
    InstrumentKind.COUNTER,
    "{event}",
    "Events accepted into history, to be delivered.",
    (HISTORY_EVENT,),
)
HISTORY_DROPPED = Metric(
    "argus.history.dropped",
    InstrumentKind.COUNTER,
    "{event}",
    "Events that history lost, by reason.",
    (DROP_REASON,),
)
HISTORY_EXPIRED = Metric(
    "argus.history.expired",
    InstrumentKind.COUNTER,
    "{event}",
    "Events that were removed from daily files, by reason.",
    (EXPIRE_REASON,),
)
HISTORY_WAITING = Metric(
    "argus.history.waiting",
    InstrumentKind.GAUGE,
    "{event}",
    "Events that wait for delivery. Processes that share a directory all count the events in it.",
    (WHERE,),
)

SPAN_ATTRIBUTES = (
    SpanAttribute(
        "argus.history.id", "The event's id, which is the same however often the event is sent.", ("9f0c7c52-…",)
    ),
    SpanAttribute("argus.history.duration", "How long it took, in seconds; absent if it has no duration.", (0.25,)),
)

TIMED_SPAN = Span(
    "{name}",
    SpanKind.INTERNAL,
    "A block or function that the program times with `argus_otel.timed`, with the name and attributes of the call.",
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
        HISTORY_EXPIRED,
        HISTORY_WAITING,
    ),
    spans=(TIMED_SPAN,),
    span_attributes=SPAN_ATTRIBUTES,
)
"""The distro's own signals."""
