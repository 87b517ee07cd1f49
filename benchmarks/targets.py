"""Targets for the cost of argus-otel in a bot.

Comparisons with a peer are ratios of two added costs from the same rounds:
:func:`~benchmarks.results.ratio_of_added` explains them. A scrape's cost on the event loop, and the growth in a
soak, have to be zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from . import scrape, soak, startup
from .outcomes import Found, Tables, Target, added, against, within
from .pairs import CONTROL
from .processes import DISTRO
from .processes import PEER as ARGUS_DPY
from .results import Estimate
from .variants import OURS, TRACED

_TIMES = "times"


def _share(part: str, table: str, row: str, tables: Tables) -> Found:
    found = added(part, table, row, tables)
    bare = tables[part, table].control.bare / 100

    def share(estimate: Estimate) -> Estimate:
        return Estimate(estimate.value / bare, estimate.low / bare, estimate.high / bare)

    return Found(share(found.estimate), share(found.control))


def _event(kind: str, table: str) -> Iterator[Target]:
    yield Target(f"gateway event, {kind}", "µs", partial(added, "loop", table, OURS), 0.5, 0.25)
    yield Target(f"gateway event, {kind}, part of bare", "%", partial(_share, "loop", table, OURS), 4.0, 2.0)


def _slash(title: str, row: str, bound: float) -> Target:
    measure = partial(against, "loop", "slash", row, ARGUS_DPY, CONTROL)
    return Target(f"slash command, {title}, to argus-dpy's", _TIMES, measure, bound)


def _scrapes(users: int) -> Iterator[Target]:
    ours, theirs = scrape.named(OURS, users), scrape.named(ARGUS_DPY, users)
    control = f"{ours}: {scrape.CONTROL}"
    on_the_loop = partial(within, scrape.PART, "loop", ours, control)
    yield Target(f"scrape, {users} users, on the event loop: A/A", "µs", on_the_loop)
    to_theirs = partial(against, scrape.PART, "series", ours, theirs, control)
    yield Target(f"scrape, {users} users, to argus-dpy's of as many series", _TIMES, to_theirs, 1.0)


def _starts(what: str, title: str) -> Iterator[Target]:
    for row in (OURS, startup.ONE_LINE, startup.INSTRUMENTED, f"{OURS}, OTLP", f"{startup.INSTRUMENTED}, OTLP"):
        distro = f"{DISTRO}, OTLP" if row.endswith("OTLP") else DISTRO
        measure = partial(against, startup.PART, what, row, distro, CONTROL)
        yield Target(f"start, {title}: {row}, to distro's", _TIMES, measure, 1.0, 0.5)


def targets(users: int) -> list[Target]:
    """Return all targets, for scrapes with a number of cached users."""
    few, many = scrape.named(OURS, 0), scrape.named(OURS, users)
    flat = partial(against, scrape.PART, "cpu", many, few, f"{few}: {scrape.CONTROL}")
    event = partial(against, "loop", "typing", OURS, ARGUS_DPY, CONTROL)
    return [
        *_event("AutoShardedBot", "typing"),
        *_event("discord.Client", "typing-client"),
        Target("gateway event, AutoShardedBot, to argus-dpy's", _TIMES, event, moonshot=0.04),
        _slash("metrics only", OURS, 0.5),
        Target("slash command, metrics only", "µs", partial(added, "loop", "slash", OURS), moonshot=5.0),
        _slash("traced at 1 %", TRACED[1], 1.0),
        Target("slash command, traced at 1 %", "µs", partial(added, "loop", "slash", TRACED[1]), moonshot=12.0),
        Target("slash command, traced at 100 %", "µs", partial(added, "loop", "slash", TRACED[2]), 60.0, 40.0),
        *_scrapes(0),
        *_scrapes(users),
        Target(f"scrape, {users} users, to that of none (a tenth is granted)", _TIMES, flat, 1.1),
        *_starts("processor", "time"),
        *_starts("resident", "memory"),
        *(
            Target(f"{title}: A/A", unit, partial(within, soak.PART, what, OURS, CONTROL))
            for what, (title, unit) in soak.COUNTED.items()
        ),
    ]
