"""Metrics of the process and of Python, emitted by OpenTelemetry's own instrumentation of them.

By default that instrumentation also emits ``system.*`` metrics of the whole machine, with a series for each processor,
disk and network interface: a scrape of hundreds of kilobytes. Here it emits ``process.*`` and ``cpython.*`` only, but
not ``process.runtime.*``, which is deprecated and reports the same.
"""

from __future__ import annotations

from argus_otel.telemetry import Attribute, Catalogue, InstrumentKind, Metric

_TYPE_CPU = Attribute("type", "The process's own work, or the system's on its behalf.", values=("user", "system"))
_TYPE_SWITCH = Attribute("type", "Whether the process yielded voluntarily.", values=("involuntary", "voluntary"))
_DIRECTION = Attribute("direction", "The direction of the transfer.", values=("read", "write"))
_GENERATION = Attribute("cpython.gc.generation", "The garbage collector's generation.", values=(0, 1, 2))
_GENERATION_BEFORE = Attribute(
    "generation", "The generation, under the attribute's former name.", values=("0", "1", "2")
)
_GENERATIONS = (_GENERATION, _GENERATION_BEFORE)

CATALOGUE = Catalogue(
    "system",
    metrics=(
        Metric("process.cpu.time", InstrumentKind.COUNTER, "s", "Processor time that the process used.", (_TYPE_CPU,)),
        Metric(
            "process.cpu.utilization",
            InstrumentKind.GAUGE,
            "1",
            "Processor time used since the last collection, as a share of that of all processors.",
        ),
        Metric(
            "process.context_switches",
            InstrumentKind.COUNTER,
            "",
            "Context switches; absent on systems that do not report them.",
            (_TYPE_SWITCH,),
        ),
        Metric("process.memory.usage", InstrumentKind.UP_DOWN_COUNTER, "By", "Physical memory in use."),
        Metric("process.memory.virtual", InstrumentKind.UP_DOWN_COUNTER, "By", "Virtual memory."),
        Metric(
            "process.open_file_descriptor.count",
            InstrumentKind.UP_DOWN_COUNTER,
            "",
            "Open file descriptors; not on Windows.",
        ),
        Metric("process.thread.count", InstrumentKind.UP_DOWN_COUNTER, "", "Threads."),
        Metric(
            "process.disk.io",
            InstrumentKind.COUNTER,
            "By",
            "Bytes read from and written to disks; not on macOS.",
            (_DIRECTION,),
        ),
        Metric(
            "cpython.gc.collections",
            InstrumentKind.COUNTER,
            "{collection}",
            "Runs of the garbage collector.",
            _GENERATIONS,
        ),
        Metric(
            "cpython.gc.collected_objects",
            InstrumentKind.COUNTER,
            "{object}",
            "Objects that it collected.",
            _GENERATIONS,
        ),
        Metric(
            "cpython.gc.uncollectable_objects",
            InstrumentKind.COUNTER,
            "{object}",
            "Objects that it could not collect.",
            _GENERATIONS,
        ),
    ),
    external=True,
)
"""As the instrumentation emits them. A version that does not know one of these metrics does not emit it."""
