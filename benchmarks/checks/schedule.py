"""10,000 checks each 30 s: whether each ran in each of its slots, how late, at what cost, and how true its duration is.

The agent is the real one, with everything that it records. Each variant runs for some minutes, after one interval in
which every check is confirmed for the first time; that counts for missed slots only.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.cores import peak, processor
from benchmarks.otlp_sink import otlp_sink
from benchmarks.progress import Progress

from . import agents
from .agents import INTERVAL, TIMEOUT, RunningAgent
from .figures import Figures, quantile
from .machine import Machine
from .probers import TELEMETRY
from .slots import Fates, fates

PART = "schedule"
PLAIN = "http"
CONTROL = "http again (A/A)"
HANGING = "1 % hanging"
HTTPS = "https"
EVERYTHING = "spans and history"
SCRAPED = "scraped each 15 s"

EVERY = 15.0
"""Seconds between two scrapes."""


@dataclass(frozen=True)
class Variant:
    """One way to run the checks."""

    name: str
    scheme: str = "http"
    hanging: float = 0.0
    scraped: bool = False
    variables: dict[str, str] = field(default_factory=dict[str, str])


VARIANTS = (
    Variant(PLAIN),
    Variant(SCRAPED, scraped=True),
    Variant(CONTROL),
    Variant(HANGING, hanging=0.01),
    Variant(EVERYTHING, variables=TELEMETRY),
    Variant(HTTPS, "https"),
)


@dataclass(frozen=True)
class Found:
    """What one variant did.

    Attributes
    ----------
    first:
        The slots of the first interval.
    later:
        Those that followed.
    share:
        Of a core, of all threads, since then.
    peak:
        The most resident memory, in bytes.
    scrapes:
        How long each took, in seconds, and how many bytes it had; ``None`` if it failed.
    """

    first: Fates
    later: Fates
    share: float
    peak: float
    scrapes: Sequence[tuple[float, int | None]]


def chosen(names: Collection[str]) -> list[Variant]:
    """Return the variants of these names; all without any."""
    return [variant for variant in VARIANTS if not names or variant.name in names]


def measure(
    machine: Machine, checks: int, minutes: float, progress: Progress, names: Collection[str] = ()
) -> list[Figures]:
    """Run variants, one after the other, and return the table; none if the first was not finished."""
    found: dict[str, Found] = {}
    variants = chosen(names)
    for number in progress.counting("schedule")(len(variants)):
        variant = variants[number]
        progress.say(f"  schedule, {variant.name}: {checks:,} checks for {minutes:g} min, after {INTERVAL} s")
        found[variant.name] = _run(machine, variant, checks, minutes * 60)
    return [_table(found, checks, minutes)] if found else []


def _run(machine: Machine, variant: Variant, checks: int, seconds: float) -> Found:
    text = agents.text_of(machine, variant.scheme, checks, round(variant.hanging * checks))
    machine.service.ledger()
    with otlp_sink() as sink:
        variables = {key: value.format(otlp=sink.url) for key, value in variant.variables.items()}
        with agents.running(machine, text, variables) as agent:
            started = _first_request(machine)
            begun = started + INTERVAL
            time.sleep(max(0.0, begun - time.time()))
            before = processor(agent.pid)
            ended = begun + seconds
            scrapes = _wait(agent, ended, scraped=variant.scraped)
            used = processor(agent.pid) - before
            time.sleep(TIMEOUT + 1)  # a run of the last slot may be under way
            requests, runs, most = machine.service.ledger(), agent.runs(), peak(agent.pid)
    from_, middle, to = (round(1000 * moment) for moment in (started, begun, ended))
    first = fates(requests, runs, checks, from_, middle - 1)
    later = fates(requests, runs, checks, middle, to - 1)
    return Found(first, later, used / seconds, most, scrapes)


def _first_request(machine: Machine) -> float:
    """Wait until the agent has begun; return a moment after that, in seconds since 1970."""
    deadline = time.monotonic() + 120
    while not machine.service.ledger():
        if time.monotonic() > deadline:
            raise RuntimeError("the agent has not begun to probe within two minutes")
        time.sleep(0.1)
    return time.time() + 1


def _wait(agent: RunningAgent, until: float, *, scraped: bool) -> list[tuple[float, int | None]]:
    """Wait until a moment; return what became of each scrape meanwhile."""
    scrapes: list[tuple[float, int | None]] = []
    while scraped and time.time() + EVERY <= until:
        begun = time.time()
        try:
            size = len(agent.scrape())
        except (OSError, http.client.HTTPException):  # which is what is measured
            size = None
        scrapes.append((time.time() - begun, size))
        time.sleep(max(0.0, begun + EVERY - time.time()))
    time.sleep(max(0.0, until - time.time()))
    return scrapes


def _table(found: dict[str, Found], checks: int, minutes: float) -> Figures:
    values = {name: _values(it) for name, it in found.items()}
    rows = [[name, *_cells(found[name], of)] for name, of in values.items()]
    return Figures(
        PART,
        f"{checks:,} checks each {INTERVAL} s, for {minutes:g} minutes",
        [
            "",
            "late p50, ms",
            "p99",
            "max",
            "slots",
            "missed",
            "twice",
            "core",
            "MB",
            "duration's error p50, ms",
            "p99",
        ],
        rows,
        values,
        list(_notes(found)),
    )


def _values(found: Found) -> dict[str, float]:
    late, errors = found.later.lateness, found.later.errors
    return {
        "late p50": quantile(late, 0.5),
        "late p99": quantile(late, 0.99),
        "late max": max(late),
        "slots": found.first.due + found.later.due,
        "missed": found.first.missed + found.later.missed,
        "doubled": found.first.doubled + found.later.doubled,
        "first late p99": quantile(found.first.lateness, 0.99),
        "share": found.share,
        "MB": found.peak / 1e6,
        "error p50": quantile(errors, 0.5),
        "error p99": quantile(errors, 0.99),
        **({"scrapes failed": sum(size is None for _, size in found.scrapes)} if found.scrapes else {}),
    }


def _cells(found: Found, values: dict[str, float]) -> Iterator[str]:
    yield from (f"{values[what]:.1f}" for what in ("late p50", "late p99", "late max"))
    yield from (f"{values[what]:,.0f}" for what in ("slots", "missed", "doubled"))
    yield f"{values['share']:.1%}"
    yield f"{values['MB']:.0f}"
    yield from (f"{values[what]:.1f}" for what in ("error p50", "error p99"))


def _notes(found: dict[str, Found]) -> Iterator[str]:
    yield "late: from the slot to the acceptance of the connection by the service, whose ledger tells all but the core"
    yield "missed and twice: the first interval counted in; error: the agent's duration less the service's, of each run"
    first = ", ".join(f"{name} {quantile(it.first.lateness, 0.99):.1f}" for name, it in found.items())
    yield f"late p99 in the first interval, in ms: {first}"
    scraped = found.get(SCRAPED)
    if scraped is not None and scraped.scrapes:
        took = [seconds for seconds, _ in scraped.scrapes]
        sizes = [size for _, size in scraped.scrapes if size is not None]
        failed = len(took) - len(sizes)
        size = f"of up to {max(sizes, default=0) / 1e6:.0f} MB "
        yield f"{len(took)} scrapes {size}took {min(took):.1f} … {max(took):.1f} s; {failed} of them failed"
