"""The signals that the distro emits about itself."""

from __future__ import annotations

from .definitions import Attribute, Catalogue, Event, InstrumentKind, Metric, Severity, Span, SpanAttribute, SpanKind

HOOK = Attribute("argus.hook", "The hook, as /status names it.", cardinality_limit=100, examples=("REST calls",))
ATTRIBUTE = Attribute(
    "argus.attribute", "The attribute whose values became `_OTHER`.", cardinality_limit=100, examples=("url.template",)
)

PROCESS_INFO = Metric(
    "argus.process.info",
    InstrumentKind.GAUGE,
    "{process}",
    "1 for each process that argus-otel observes. Its attributes are those of the resource that tell processes and "
    "versions apart: these, and what sources add, such as `discord.cluster.id` and `discord.library.name`.",
    (
        Attribute(
            "service.version", "The observed program's version, if it is set.", cardinality_limit=1, examples=("2.1.0",)
        ),
        Attribute("telemetry.distro.version", "argus-otel's version.", cardinality_limit=1, examples=("0.1.0",)),
        Attribute("telemetry.sdk.version", "OpenTelemetry's version.", cardinality_limit=1, examples=("1.44.0",)),
        Attribute("process.runtime.version", "Python's version.", cardinality_limit=1, examples=("3.13.2",)),
        Attribute(
            "host.name",
            "The name of the machine or container, or what `OTEL_RESOURCE_ATTRIBUTES` says.",
            cardinality_limit=1,
            examples=("bots-1",),
        ),
    ),
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
FINGERPRINT = Attribute(
    "argus.exception.fingerprint",
    "The exception's class, and the innermost function of the program's own code that it passed: exceptions with the "
    "same one most likely have the same cause.",
    cardinality_limit=200,
    examples=("ValueError in music.Player.play",),
)
EXCEPTIONS = Metric(
    "argus.exceptions",
    InstrumentKind.COUNTER,
    "{exception}",
    "Exceptions that ended a unit of work, or that were logged at level ERROR or above; each object once, and none "
    "that rejects a user's input.",
    (FINGERPRINT,),
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
    SpanAttribute("exception.type", "The exception's class, with its module.", ("discord.errors.Forbidden",)),
    SpanAttribute("exception.message", "The exception's message, without secrets.", ("division by zero",)),
    SpanAttribute("exception.stacktrace", "The stack trace as Python prints it.", ("Traceback (most recent call …",)),
    SpanAttribute("argus.history.duration", "How long it took, in seconds; absent if it has no duration.", (0.25,)),
)

TIMED_SPAN = Span(
    "{name}",
    SpanKind.INTERNAL,
    "A block or function that the program times with `argus_otel.timed`, with the name and attributes of the call.",
    ("error.type",),
    Event(
        "argus.timed.exception",
        "An exception passed a block that the program times; its caller may handle it",
        severity=Severity.WARN,
    ),
)

CATALOGUE = Catalogue(
    "argus",
    metrics=(
        PROCESS_INFO,
        HOOK_ERRORS,
        HOOK_ACTIVE,
        ATTRIBUTE_OVERFLOW,
        EXCEPTIONS,
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
