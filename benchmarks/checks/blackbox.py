"""blackbox_exporter in a process of its own, asked as Prometheus asks it: a scrape for each probe."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import aiohttp

from benchmarks.cores import on
from lab.processes import Part, answers, free_port

NAME = "blackbox_exporter"
COMMANDS = ("blackbox_exporter", "prometheus-blackbox-exporter")
MISSING = (
    f"{NAME} is not installed, and not measured: apt install prometheus-blackbox-exporter, "
    "or put a blackbox_exporter on PATH"
)
_CONFIG = """\
modules:
  http:
    prober: http
    timeout: 5s
    http: {{preferred_ip_protocol: ip4, tls_config: {{ca_file: {ca}}}}}
  body:
    prober: http
    timeout: 5s
    http: {{preferred_ip_protocol: ip4, fail_if_body_matches_regexp: ["(a+)+$"]}}
"""
AT_ONCE = 20

Samples = dict[str, float]
"""The samples of one probe that have no labels, and the seconds of each phase, such as ``phase connect``."""

T = TypeVar("T")


def command() -> str | None:
    """Return where it is installed, or ``None``."""
    return next((found for name in COMMANDS if (found := shutil.which(name))), None)


def version() -> str:
    """Return what it says of its version."""
    ran = subprocess.run([command() or "", "--version"], capture_output=True, text=True, check=True)
    return (ran.stdout or ran.stderr).split(",")[1].split()[1]


class Blackbox:
    """A running one."""

    def __init__(self, part: Part, port: int) -> None:
        self._part = part
        self.url = f"http://127.0.0.1:{port}"

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._part.pid

    @property
    def printed(self) -> str:
        """What it has logged."""
        return self._part.printed()

    def probe(self, urls: Sequence[str], count: int) -> None:
        """Let it probe so many times, the URLs in turn, 20 at a time.

        Raises
        ------
        RuntimeError
            A probe has failed.
        """

        async def run() -> None:
            places = iter(range(count))

            async def work(ask: Ask) -> None:
                for place in places:
                    succeeded(await ask(urls[place % len(urls)]))

            async with self.asking() as ask:
                await asyncio.gather(*(work(ask) for _ in range(AT_ONCE)))

        asyncio.run(run())

    def pace(self, urls: Sequence[str], rate: float) -> list[Samples]:
        """Let it probe each URL once, so many each second."""

        async def run() -> list[Samples]:
            async with self.asking() as ask:
                begun, tasks = perf_counter(), list[asyncio.Task[Samples]]()
                for place, url in enumerate(urls):
                    await asyncio.sleep(max(0.0, begun + place / rate - perf_counter()))
                    tasks.append(asyncio.ensure_future(ask(url)))
                return [succeeded(await task) for task in tasks]

        return asyncio.run(run())

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Ask]:
        """Yield a function that asks for one probe, over connections that are kept open, as Prometheus does."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(self.url, connector=connector) as session:

            async def ask(target: str, module: str = "http") -> Samples:
                async with session.get("/probe", params={"target": target, "module": module}) as response:
                    return samples(await response.text())

            yield ask


Ask = Callable[..., Awaitable[Samples]]


def samples(page: str) -> Samples:
    """Return the samples of a page."""
    found: Samples = {}
    for line in page.splitlines():
        name, _, value = line.rpartition(" ")
        if name.startswith('probe_http_duration_seconds{phase="'):
            found[f"phase {name[35:-2]}"] = float(value)
        elif name and not name.startswith("#") and "{" not in name:
            found[name] = float(value)
    return found


def succeeded(found: Samples) -> Samples:
    """Return the samples of a probe that has succeeded."""
    if found["probe_success"] != 1:
        raise RuntimeError(f"{NAME}: a probe has failed: {found}")
    return found


@contextmanager
def running(directory: Path, ca: Path, core: int) -> Iterator[Blackbox]:
    """Run it on a core."""
    config, port = directory / "blackbox.yml", free_port()
    config.write_text(_CONFIG.format(ca=ca), encoding="utf-8")
    part = Part(NAME, directory / "blackbox.log")
    found = command()
    assert found is not None
    with on([core]):
        part.launch([found, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"])
    try:
        part.wait_until(lambda: answers(f"http://127.0.0.1:{port}/-/healthy"), "answers")
        yield Blackbox(part, port)
    finally:
        part.kill()
