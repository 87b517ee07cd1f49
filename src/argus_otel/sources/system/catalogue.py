"""Metrics of the process that OpenTelemetry's own instrumentation emits, beside those of the process source.

By default that instrumentation also emits ``system.*`` metrics of the whole machine, with a series for each processor,
disk and network interface: a scrape of hundreds of kilobytes. Here it emits what the process source does not measure.
"""

from __future__ import annotations

from argus_otel.telemetry import Attribute, Catalogue, InstrumentKind, Metric

_TYPE_SWITCH = Attribute("type", "Whether the process yielded voluntarily.", values=("involuntary", "voluntary"))
_DIRECTION = Attribute("direction", "The direction of the transfer.", values=("read", "write"))

CATALOGUE = Catalogue(
    "system",
    metrics=(
        Metric(
            "process.context_switches",
            InstrumentKind.COUNTER,
            "",
            "Context switches; absent on systems that do not report them.",
            (_TYPE_SWITCH,),
        ),
        Metric("process.memory.virtual", InstrumentKind.UP_DOWN_COUNTER, "By", "Virtual memory."),
        Metric(
            "process.disk.io",
            InstrumentKind.COUNTER,
            "By",
            "Bytes read from and written to disks; not on macOS.",
            (_DIRECTION,),
        ),
    ),
    external=True,
)
"""As the instrumentation emits them. A version that does not know one of these metrics does not emit it."""
