"""What the distro tells about itself."""

from __future__ import annotations

from .definitions import Attribute, Catalogue, Kind, Metric, Span, SpanKind

HOOK = Attribute("argus.hook", "The hook, by the name that /status gives it.", cap=100, examples=("REST calls",))
ATTRIBUTE = Attribute("argus.attribute", "The attribute whose values were capped.", cap=100, examples=("url.template",))

HOOK_ERRORS = Metric(
    "argus.hook.errors",
    Kind.COUNTER,
    "{error}",
    "Faults inside a hook of argus-otel, which the bot never saw.",
    (HOOK,),
)
HOOK_ACTIVE = Metric(
    "argus.hook.active", Kind.GAUGE, "1", "1 for a hook that is in place, 0 for one that is not.", (HOOK,)
)
ATTRIBUTE_OVERFLOW = Metric(
    "argus.attribute.overflow",
    Kind.COUNTER,
    "{value}",
    "Values that became _OTHER, because an attribute had reached its cap or the value is outside its closed set.",
    (ATTRIBUTE,),
)
EXPORTER = Attribute("argus.exporter", "The signal and the exporter.", cap=20, examples=("traces otlp_proto_grpc",))

EXPORT_LOST = Metric(
    "argus.export.lost",
    Kind.COUNTER,
    "{item}",
    "Spans and log records that were lost, since their export failed for good.",
    (EXPORTER,),
)

TIMED_SPAN = Span(
    "{name}",
    SpanKind.INTERNAL,
    "What the bot's own code times with `argus_otel.timed`, by the name that it gives; with the attributes it gives.",
    ("error.type",),
)

CATALOGUE = Catalogue("argus", metrics=(HOOK_ERRORS, HOOK_ACTIVE, ATTRIBUTE_OVERFLOW, EXPORT_LOST), spans=(TIMED_SPAN,))
"""The distro about itself."""
