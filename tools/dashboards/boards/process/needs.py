"""The row of the runtime dashboard about resources: memory, processor, threads, files."""

from __future__ import annotations

from ...board import Row
from ...panels import timeseries
from ...queries import prom, rate, total
from ...style import BAD, BYTES, BYTES_PER_SECOND, NUMBER, PER_SECOND, coloured

_PROCESS = "job, instance"
_PROCESS_NAME = "{{job}} {{instance}}"
_SYSTEM = "needs argus-otel[system]"
_OPEN_FILES = total("process_unix_file_descriptor_count", by=_PROCESS)
_OPEN_HANDLES = total("process_windows_handle_count", by=_PROCESS)
_GC = ("cpython_gc_collections_total", "cpython_gc_collected_objects_total", "cpython_gc_uncollectable_objects_total")

NEEDS = Row(
    "Which resources does the process use?",
    [
        timeseries(
            "Memory",
            """Physical memory of each process. Memory that rises for days and never levels off is a leak: compare with
            "asyncio tasks" here, and with the caches of the program and its libraries.""",
            prom(total("process_memory_usage_bytes", by=_PROCESS), _PROCESS_NAME),
            unit=BYTES,
            width=8,
        ),
        timeseries(
            "Memory, virtual",
            """Address space of each process. It says little by itself; far above physical memory and growing, threads
            or mapped files do.""",
            prom(total("process_memory_virtual_bytes", by=_PROCESS), _PROCESS_NAME),
            unit=BYTES,
            width=8,
            no_value=_SYSTEM,
        ),
        timeseries(
            "Processor time",
            """Processors in use, for the process's own work and for the system's on its behalf: 1 is one processor all
            the time, which is all that Python code of one process can use. Near 1, the loop lags: do less, or run
            more processes.""",
            prom(rate("process_cpu_time_seconds_total", by="job, instance, cpu_mode"), "{{instance}} {{cpu_mode}}"),
            unit=NUMBER,
            width=8,
            stacked=True,
        ),
        timeseries(
            "asyncio tasks",
            """Tasks of each process that have not ended. A step up that stays is something that was started and hangs;
            a slope is a task made for each event that never ends.""",
            prom(total("asyncio_tasks", by=_PROCESS), _PROCESS_NAME),
            unit=NUMBER,
            width=8,
        ),
        timeseries(
            "Garbage collections",
            """Runs of Python's garbage collector, by generation. Generation 2 looks at everything there is, and the
            loop stands still meanwhile: with many objects, several in a second are noticeable. gc.freeze() after
            start-up helps.""",
            prom(rate(_GC[0], by="cpython_gc_generation"), "generation {{cpython_gc_generation}}"),
            unit=PER_SECOND,
            width=8,
        ),
        timeseries(
            "Objects of the garbage collector",
            """Objects in reference cycles that it collected, and those that it could not. Uncollectable ones are a
            leak, most likely in an extension module; many collected ones are exceptions or other objects that refer
            to themselves.""",
            prom(rate(_GC[1]), "collected"),
            prom(rate(_GC[2]), "uncollectable"),
            unit=PER_SECOND,
            width=8,
            overrides=[coloured("uncollectable", BAD)],
        ),
        timeseries(
            "Threads and open files",
            """Threads, and open files with sockets (on Windows, handles), of each process. Open files that grow without
            end are sessions that are never closed (an aiohttp.ClientSession for each request); at the system's limit,
            no connection can be opened.""",
            prom(total("process_thread_count", by=_PROCESS), "threads, {{instance}}"),
            prom(f"{_OPEN_FILES} or {_OPEN_HANDLES}", "open files, {{instance}}"),
            unit=NUMBER,
            width=8,
        ),
        timeseries(
            "Context switches",
            """How often the process gave its processor up by itself (it waited), or had it taken away (others wanted
            it). Many involuntary ones: the machine has too much to do, and the loop lags without a fault of the
            program.""",
            prom(rate("process_context_switches_total", by="type"), "{{type}}"),
            unit=PER_SECOND,
            width=8,
            no_value=_SYSTEM,
        ),
        timeseries(
            "Disk",
            """Bytes read from and written to disks. Many bytes come from a database in a file, or a log at level debug,
            and each write on the event loop's thread blocks the loop.""",
            prom(rate("process_disk_io_bytes_total", by="direction"), "{{direction}}"),
            unit=BYTES_PER_SECOND,
            width=8,
            no_value=_SYSTEM,
        ),
    ],
)
