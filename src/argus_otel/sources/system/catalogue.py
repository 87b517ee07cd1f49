"""Metrics of the process and of Python, emitted by OpenTelemetry's own instrumentation of them.

By default that emits ``system.*`` metrics of the whole machine too, with a series for each processor, disk and network
interface: a scrape of hundreds of kilobytes. Here it emits ``process.*`` and ``cpython.*`` only, and of these not
``process.runtime.*``, which are deprecated and report the same.
"""

from __future__ import annotations

from argus_otel.telemetry import Attribute, Catalogue, Kind, Metric

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
        Metric("process.cpu.time", Kind.COUNTER, "s", "Processor time that the process used.", (_TYPE_CPU,)),
        Metric(
            "process.cpu.utilization",
            Kind.GAUGE,
            "1",
            "Processor time used since the last collection, as a share of what all processors had.",
        ),
        Metric(
            "process.context_switches",
            Kind.COUNTER,
            "",
            "Context switches; absent on systems that do not report them.",
            (_TYPE_SWITCH,),
        ),
        Metric("process.memory.usage", Kind.UP_DOWN, "By", "Physical memory in use."),
        Metric("process.memory.virtual", Kind.UP_DOWN, "By", "Virtual memory."),
        Metric("process.open_file_descriptor.count", Kind.UP_DOWN, "", "Open file descriptors; not on Windows."),
        Metric("process.thread.count", Kind.UP_DOWN, "", "Threads."),
        Metric(
            "process.disk.io", Kind.COUNTER, "By", "Bytes read from and written to disks; not on macOS.", (_DIRECTION,)
        ),
        Metric("cpython.gc.collections", Kind.COUNTER, "{collection}", "Runs of the garbage collector.", _GENERATIONS),
        Metric("cpython.gc.collected_objects", Kind.COUNTER, "{object}", "Objects that it collected.", _GENERATIONS),
        Metric(
            "cpython.gc.uncollectable_objects",
            Kind.COUNTER,
            "{object}",
            "Objects that it could not collect.",
            _GENERATIONS,
        ),
    ),
    external=True,
)
"""Emitted by the instrumentation, as measured. A version of it that does not know one of these leaves it out."""
