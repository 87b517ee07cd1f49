"""Faults of check monitors that can be run on blackbox_exporter: each is a question to it, with what was measured.

Of ours, each is a test in ``tests/checks``. The other faults need a schedule, a database or events, and it has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from time import perf_counter

import aiohttp

from benchmarks.progress import Progress

from . import blackbox
from .blackbox import Blackbox
from .figures import Figures
from .machine import Machine

PART = "faults"
HANGING = 20
_SECRET = "s3cret-of-the-benchmark"

Answer = tuple[bool, str]
"""Whether it has the fault, and what was measured."""


async def head_of_line(box: Blackbox, machine: Machine) -> Answer:
    """Faults 1, 3 and 4: whether targets that hang delay another one."""
    async with box.asking() as ask:
        hanging = [asyncio.ensure_future(ask(machine.service.url("http", "never", each))) for each in range(HANGING)]
        await asyncio.sleep(0.5)
        begun = perf_counter()
        blackbox.succeeded(await ask(machine.service.url("http", "now", 0)))
        took = perf_counter() - begun
        await asyncio.gather(*hanging)
    return took > 1, f"beside {HANGING} that hang, another took {1e3 * took:.0f} ms"


async def body_without_end(box: Blackbox, machine: Machine) -> Answer:
    """Fault 2: whether a body of which a byte comes now and then outlasts the timeout of 5 s."""
    async with box.asking() as ask:
        begun = perf_counter()
        found = await ask(machine.service.url("http", "drip", 0))
        took = perf_counter() - begun
    return took > 6 or bool(found["probe_success"]), f"ended after {took:.1f} s of a timeout of 5 s"


async def memory(box: Blackbox, machine: Machine) -> Answer:
    """Fault 16: whether anything is known of a target once its scrape has ended."""
    url = machine.service.url("http", "now", 1)
    async with box.asking() as ask:
        blackbox.succeeded(await ask(url))
    async with aiohttp.ClientSession(box.url) as session, session.get("/metrics") as response:
        known = url in await response.text()
    return not known, f"after a probe, /metrics {'knows' if known else 'does not know'} its target: no streak, no since"


async def secrets(box: Blackbox, machine: Machine) -> Answer:
    """Fault 12: whether a password in a URL comes out again, on the page or in the log."""
    url = machine.service.url("http", "now", 2).replace("://", f"://user:{_SECRET}@", 1)
    async with aiohttp.ClientSession(box.url) as session:
        async with session.get("/probe", params={"target": url, "module": "http", "debug": "true"}) as response:
            debug = _SECRET in await response.text()
        async with session.get("/") as response:
            page = _SECRET in await response.text()
    places = {"its page": page, "debug=true": debug, "its log": _SECRET in box.printed}
    where = [name for name, found in places.items() if found]
    return bool(where), f"the password of a URL is in: {', '.join(where) or 'nothing'}"


async def backtracking(box: Blackbox, machine: Machine) -> Answer:
    """Fault 19: whether a regular expression such as ``(a+)+$`` holds everything."""
    async with box.asking() as ask:
        begun = perf_counter()
        blackbox.succeeded(await ask(machine.service.url("http", "letters", 0), "body"))
        took = perf_counter() - begun
    return took > 1, f"(a+)+$ on 26 letters took {1e3 * took:.0f} ms"


FAULTS: dict[str, Callable[[Blackbox, Machine], Coroutine[None, None, Answer]]] = {
    "1, 3, 4, 15: one that hangs delays others": head_of_line,
    "2: a body without end outlasts the timeout": body_without_end,
    "12: a URL's password comes out again": secrets,
    "16: remembers nothing of a target": memory,
    "19: a regular expression holds everything": backtracking,
}

_NOT_RUN = (
    "not run: nyxmon, whose code is on no registry; and of blackbox_exporter those that need a schedule, a database or "
    "events, which it leaves to Prometheus (5-9, 11, 13, 17), or another library (18, 20, 21)"
)


def measure(machine: Machine, progress: Progress) -> tuple[list[Figures], list[str]]:
    """Return the table, or how to install what is missing."""
    if blackbox.command() is None:
        return [], [blackbox.MISSING]
    progress.say("faults: those that can be run on blackbox_exporter, about 15 s")
    with blackbox.running(machine.directory, machine.service.ca, machine.core) as box:
        found = {name: asyncio.run(question(box, machine)) for name, question in FAULTS.items()}
    rows = [[name, "has it" if has else "has it not", said] for name, (has, said) in found.items()]
    values = {name: {"has": float(has)} for name, (has, _) in found.items()}
    title = f"faults of check monitors, run on {blackbox.NAME} {blackbox.version()}"
    return [Figures(PART, title, ["", "outcome", "measured"], rows, values, [_NOT_RUN])], []
