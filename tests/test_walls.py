"""The walls of the design, read from the imports of every file: what each room must never know."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import argus_otel
import discord_simulator

ROOT = Path(argus_otel.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

EXPORTERS = ("prometheus_client", "grpc", "opentelemetry.exporter", "opentelemetry.proto")
DATABASES = ("clickhouse_connect", "sqlite3", "asyncpg", "psycopg", "sqlalchemy")


@dataclass(frozen=True)
class Wall:
    """What one room must never import, except for a part of it that it may, save what is in that part and forbidden.

    Rooms that lie apart inside of it have walls of their own.
    """

    room: str
    never: tuple[str, ...]
    but: tuple[str, ...] = ()
    save: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()


def source_walls(source: str) -> tuple[Wall, ...]:
    """A source's hooks know the neutral layer alone; its commands and its history, what serves any source."""
    room = f"argus_otel.sources.{source}"
    never = ("opentelemetry", "argus_otel", *EXPORTERS, *DATABASES)
    neutral = ("argus_otel.telemetry", "argus_otel.detections")
    shared = (*neutral, *(f"argus_otel.sources.{name}" for name in ("patches", "problems", "spec")), room)
    tools = ("argus_otel.history.store", "argus_otel.scrape", "argus_otel.settings", "argus_otel.terminal")
    shown = ("argus_otel.panels", "argus_otel.scrape.buckets", "argus_otel.scrape.series")
    apart = (f"{room}.cli", f"{room}.history", f"{room}.panels", f"{room}.imports")
    # A process of ours that asks a store, as commands do. `checks.agent` is a module of another kind, and no folder.
    own_process = (f"{room}.agent",) if (ROOT / "sources" / source / "agent").is_dir() else ()
    # These know what the user has set.
    configured = (f"{room}.source", f"{room}.settings", f"{room}.resource", f"{room}.pytest_plugin")
    return (
        Wall(room, never, shared, save=(*apart, *own_process), apart=(*apart, *own_process, *configured)),
        *(Wall(each, never, (*shared, "argus_otel.settings"), save=apart) for each in configured),
        *(Wall(each, never, (*shared, *tools)) for each in (*apart[:2], *own_process)),
        # Logs of other tools, which become rows of history; one of them may be in SQLite.
        Wall(apart[3], tuple(each for each in never if each != "sqlite3"), (*shared, "argus_otel.history.row")),
        Wall(f"{room}.panels", (*never, "rich"), (*shared, *shown)),  # a terminal draws it, and a page
    )


SOURCES = sorted(path.parent.name for path in ROOT.glob("sources/*/__init__.py"))


WALLS = (
    Wall(
        "argus_otel.telemetry",
        ("opentelemetry", "discord", "aiohttp", "argus_otel", *EXPORTERS, *DATABASES),
        but=("argus_otel.telemetry",),
    ),
    Wall(
        "argus_otel.custom",
        ("opentelemetry", "discord", "aiohttp", "argus_otel", *EXPORTERS, *DATABASES),
        but=("argus_otel.custom", "argus_otel.telemetry"),
    ),
    # Rules on runs of graphs, whatever library runs them.
    Wall(
        "argus_otel.detections",
        ("opentelemetry", "discord", "aiohttp", "langgraph", "langchain_core", "argus_otel", *EXPORTERS, *DATABASES),
        but=("argus_otel.detections", "argus_otel.telemetry"),
    ),
    *(wall for source in SOURCES for wall in source_walls(source)),
    # REST reports what answers an interaction to a protocol, and knows no interactions.
    Wall(
        "argus_otel.sources.discord.rest",
        ("argus_otel.sources.discord.interactions", "argus_otel.sources.discord.interaction_operations"),
    ),
    Wall("argus_otel.sources.process", ("discord", "aiohttp")),
    Wall("argus_otel.sources.system", ("discord", "aiohttp")),
    Wall(
        "argus_otel.scrape",
        ("discord", "aiohttp", "opentelemetry", "argus_otel", *DATABASES),
        but=("argus_otel.scrape", "argus_otel.telemetry", "argus_otel.settings"),
    ),
    # What a terminal and a page show alike, without the means of either.
    Wall(
        "argus_otel.panels",
        ("discord", "aiohttp", "opentelemetry", "argus_otel", "rich", *EXPORTERS, *DATABASES),
        but=("argus_otel.panels", "argus_otel.scrape.buckets", "argus_otel.scrape.series", "argus_otel.telemetry"),
    ),
    Wall(
        "argus_otel.terminal",
        ("discord", "aiohttp", "opentelemetry", "argus_otel", *EXPORTERS, *DATABASES),
        but=(
            "argus_otel.terminal",
            "argus_otel.panels",
            "argus_otel.scrape",
            "argus_otel.telemetry",
            "argus_otel.settings",
            "argus_otel.history",
        ),
    ),
    Wall("argus_otel.cli", ("argus_otel.sources", "discord", "discord_simulator"), but=("argus_otel.sources.spec",)),
    Wall("argus_otel.demo", ("argus_otel.cli",)),
    Wall(
        "argus_otel.sources.patches",
        ("opentelemetry", "discord", "aiohttp", "argus_otel", *EXPORTERS, *DATABASES),
        but=("argus_otel.telemetry",),
    ),
    Wall("argus_otel.sources.problems", ("opentelemetry", "discord", "aiohttp", "argus_otel", *EXPORTERS, *DATABASES)),
    Wall(
        "argus_otel.otel",
        ("discord", "aiohttp", "argus_otel", *DATABASES),
        but=(
            "argus_otel.otel",
            "argus_otel.telemetry",
            "argus_otel.settings",
            "argus_otel.unquoted",
            "argus_otel.version",
        ),
    ),
    Wall(
        "argus_otel.endpoint",
        ("discord", "opentelemetry", "argus_otel", "rich", *DATABASES),
        but=(
            "argus_otel.endpoint",
            "argus_otel.panels",
            "argus_otel.telemetry",
            "argus_otel.settings",
            "argus_otel.version",
        ),
    ),
    Wall("argus_otel.endpoint.page", ("aiohttp", "prometheus_client")),
    Wall(
        "argus_otel.heartbeat",
        ("discord", "aiohttp", "opentelemetry", "argus_otel", *EXPORTERS, *DATABASES),
        but=("argus_otel.heartbeat", "argus_otel.telemetry", "argus_otel.settings", "argus_otel.version"),
    ),
    Wall(
        "argus_otel.history",
        ("discord", "aiohttp", "argus_otel"),
        but=(
            "argus_otel.history",
            "argus_otel.discovery",
            "argus_otel.otel.event_logs",
            "argus_otel.telemetry",
            "argus_otel.settings",
            "argus_otel.version",
        ),
    ),
    # What records is handed an exporter, and knows the store by its address, rows and models alone.
    Wall("argus_otel.history.record", ("opentelemetry", "argus_otel.otel", "argus_otel.settings", *EXPORTERS)),
    # The files of the bot's process; what reads them elsewhere is handed a store.
    Wall("argus_otel.history.files", ("opentelemetry", "argus_otel.otel", "argus_otel.settings", *EXPORTERS)),
    Wall("argus_otel.history.store", ("opentelemetry", "argus_otel.otel", "argus_otel.settings")),
    Wall(
        "argus_otel.settings",
        ("argus_otel", "opentelemetry", "discord"),
        but=(
            "argus_otel.settings",
            "argus_otel.discovery",
            "argus_otel.script_name",
            "argus_otel.unquoted",
        ),
    ),
    Wall("argus_otel.unquoted", ("argus_otel", "opentelemetry", "discord")),
)

# Who may touch the environment, and why; nobody else reads a setting from it.
ENVIRONMENT = {
    "settings/distro.py": "resolves every setting",
    "otel/lazy_spans.py": "heeds a switch of the SDK's that the SDK reads at the same moment",
    "entrypoints.py": "tells other instrumentations to use stable names, and children their parent's name",
    "children/sitecustomize.py": "reads what the parent has set, in a process that may not have argus-otel",
    "loading.py": "tells OpenTelemetry's loader which distro to use, and Pythons that are started what to load",
    "cli/run.py": "hands options on to OpenTelemetry's loader, which reads nothing else",
    "cli/doctor/__init__.py": "examines the environment that the program would have, as a whole",
    "history/record/embedded_delivery.py": "takes settings out of the environment of the process that it starts",
    "testing/contract.py": "starts a process without the settings of the tests",
    "sources/training/gpu/visible.py": "reads which GPUs CUDA leaves the program, where empty means none",
    "sources/checks/file/checks_file.py": "looks up ${env:NAME} in a file of checks, which names the variable itself",
    "sources/checks/cli/endpoint.py": "looks up the token for an endpoint, whose variable an argument names",
    "sources/checks/cli/run.py": "hands options on to the agent, which reads settings as any other program does",
    "sources/checks/cli/edit.py": "starts the editor that the user has chosen for every program",
    "sources/training/control/rerunning.py": "starts a program again as this user would, with its run to go on with",
    "sources/training/agent/starting.py": "passes variables on that a recipe names, and none that are the agent's own",
    "sources/training/cli/agent.py": "hands options on to the agent, which reads settings as any other program does",
    "demo/observed_process.py": "takes settings out of the environment of the program that it starts",
}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source: str, module: str, *, package: bool = False) -> Iterator[str]:
    """Every dotted name that ``source`` imports, wherever in it that stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                around = module.split(".")[: None if package and node.level == 1 else -(node.level - package)]
                base = ".".join([*around, *([base] if base else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.args[0].value


def within(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def broken_walls(source: str, module: str, *, package: bool = False) -> list[str]:
    names = sorted(set(imported(source, module, package=package)))
    return [
        f"{module} imports {name}, which {wall.room} must not know"
        for wall in WALLS
        if within(module, (wall.room,)) and not within(module, wall.apart)
        for name in names
        if within(name, wall.never) and (not within(name, wall.but) or within(name, wall.save))
    ]


def swallowing(source: str) -> list[int]:
    """Lines of the handlers that catch everything and let nothing out again."""
    broad = ("Exception", "BaseException")

    def is_broad(kind: ast.expr | None) -> bool:
        if isinstance(kind, ast.Tuple):
            return any(map(is_broad, kind.elts))
        return kind is None or getattr(kind, "id", getattr(kind, "attr", "")) in broad

    lines: list[int] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            if is_broad(node.type) and not isinstance(node.body[-1], ast.Raise):
                lines.append(node.lineno)
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called == "suppress" and any(map(is_broad, node.args)):
                lines.append(node.lineno)
    return lines


def touches_environment(source: str) -> bool:
    names = ("environ", "environb", "getenv", "putenv", "unsetenv")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in names:
            if isinstance(node.value, ast.Name) and node.value.id == "os":
                return True
        elif isinstance(node, ast.ImportFrom) and node.module == "os" and any(a.name in names for a in node.names):
            return True
    return False


each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))


@each_file
def test_no_file_imports_what_its_room_must_not_know(path: Path) -> None:
    assert broken_walls(path.read_text(encoding="utf-8"), module_of(path), package=path.name == "__init__.py") == []


@each_file
def test_everything_is_caught_in_the_guard_only(path: Path) -> None:
    if path.relative_to(ROOT) != Path("telemetry/guard.py"):
        assert swallowing(path.read_text(encoding="utf-8")) == []


@each_file
def test_no_module_is_longer_than_five_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


def test_the_environment_is_touched_where_it_is_argued_for_only() -> None:
    touching = {str(path.relative_to(ROOT)) for path in FILES if touches_environment(path.read_text(encoding="utf-8"))}
    assert touching - set(ENVIRONMENT) == set()
    assert "settings/distro.py" in touching


def test_every_room_with_a_wall_is_there() -> None:
    modules = {module_of(path) for path in FILES}
    parts = ("cli", "history", "imports", "panels", "pytest_plugin", "resource", "settings")
    optional = {f"argus_otel.sources.{source}.{part}" for source in SOURCES for part in parts}
    assert {wall.room for wall in WALLS} - modules <= {"argus_otel.history", *optional}


def test_the_simulator_imports_nothing_of_ours() -> None:
    package = Path(discord_simulator.__file__).parent
    for path in package.rglob("*.py"):
        module = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        names = set(imported(path.read_text(encoding="utf-8"), module, package=path.name == "__init__.py"))
        assert not [name for name in names if within(name, ("argus_otel", "opentelemetry", *EXPORTERS, *DATABASES))]


def test_without_history_nothing_of_it_is_imported() -> None:
    program = """
import sys, argus_otel, discord
argus_otel.instrument(endpoint=False)
discord.Client(intents=discord.Intents.none())
argus_otel.record("song.played", guild=1)
print(*(name for name in sys.modules if name.startswith(("argus_otel.history", "clickhouse_connect", "chdb"))))
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == []


@pytest.mark.parametrize("module", ["argus_otel", "argus_otel.entrypoints"])
def test_importing_us_imports_nothing_heavy(module: str) -> None:
    heavy = ["discord", "aiohttp", "grpc", "rich", "prometheus_client", "clickhouse_connect"]
    program = f"import sys, {module}; print(*(name for name in {heavy} if name in sys.modules))"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.split() == []


def test_a_bot_pays_for_what_it_uses() -> None:
    program = """
import sys, argus_otel, discord, urllib.request
unused = ("prometheus_client", "opentelemetry.exporter.prometheus", "opentelemetry.exporter.otlp", "grpc", "gzip",
          "opentelemetry.sdk.trace", "opentelemetry.sdk._logs", "http.server")
argus_otel.instrument(endpoint_port=0)
discord.Client(intents=discord.Intents.none())
print(*(name for name in unused if name in sys.modules))
from argus_otel.runtime import runtime
print(len(urllib.request.urlopen(runtime().endpoint_url + "/metrics").read()))
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    imported, length = done.stdout.splitlines()
    assert imported == ""
    assert int(length) > 1000


# -- the checkers check


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("import opentelemetry.trace", "argus_otel.telemetry.guard"),
        ("from opentelemetry import trace", "argus_otel.telemetry.guard"),
        ("def f():\n    import discord", "argus_otel.telemetry.guard"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import discord", "argus_otel.telemetry.guard"),
        ("from argus_otel import otel", "argus_otel.telemetry.guard"),
        ("from ..otel.bridge import Bridge", "argus_otel.telemetry.guard"),
        ("from .. import otel", "argus_otel.telemetry.guard"),
        ("from ..settings import Settings", "argus_otel.telemetry.guard"),
        ("from ..custom import CustomTelemetry", "argus_otel.telemetry.guard"),
        ("from opentelemetry import trace", "argus_otel.custom.events"),
        ("from argus_otel.sources.discord.references import REFERENCES", "argus_otel.custom.events"),
        ("from ..otel.bridge import Bridge", "argus_otel.custom.events"),
        ("import prometheus_client", "argus_otel.custom.values"),
        ("from opentelemetry.sdk.trace import TracerProvider", "argus_otel.sources.discord.rest"),
        ("import opentelemetry", "argus_otel.sources.discord.rest"),
        ("from argus_otel.sources.graphs import nodes", "argus_otel.sources.discord.rest"),
        ("from ..graphs import nodes", "argus_otel.sources.discord.rest"),
        ("from argus_otel.sources.process import log_records", "argus_otel.sources.discord.rest"),
        ("from ..discord.catalogue import GUILDS", "argus_otel.sources.process.loops"),
        ("import discord", "argus_otel.sources.patches"),
        ("import importlib\nimportlib.import_module('prometheus_client')", "argus_otel.sources.discord.rest"),
        ("__import__('clickhouse_connect')", "argus_otel.sources.discord.rest"),
        ("import discord.ext.commands as commands", "argus_otel.otel.bridge"),
        ("from argus_otel.sources.discord.source import DiscordSource", "argus_otel.otel.bridge"),
        ("from opentelemetry import metrics", "argus_otel.endpoint.routes"),
        ("from discord import Client", "argus_otel.history.models"),
        ("from opentelemetry.sdk import resources", "argus_otel.history.record.buffer"),
        ("from argus_otel.sources.discord.catalogue import COMMAND_EVENT", "argus_otel.history.record.buffer"),
        ("from argus_otel.history.record.buffer import EventBuffer", "argus_otel.telemetry.hub"),
        ("from argus_otel.history.record.buffer import EventBuffer", "argus_otel.sources.discord.interactions"),
        ("from argus_otel.terminal.formatting import words", "argus_otel.sources.discord.rest"),
        ("from argus_otel.panels import Panel", "argus_otel.sources.discord.rest"),
        ("from .cli import queries", "argus_otel.sources.discord.rest"),
        ("from .panels import PANELS", "argus_otel.sources.discord.voice"),
        ("from argus_otel.sources.discord.history import MODEL", "argus_otel.sources.discord.rest"),
        ("from argus_otel.cli.top import watch", "argus_otel.sources.discord.cli.doctor"),
        ("from argus_otel.sources.process import catalogue", "argus_otel.sources.discord.cli.doctor"),
        ("from argus_otel.sources.process import catalogue", "argus_otel.sources.discord.panels"),
        ("from argus_otel.terminal.formatting import words", "argus_otel.sources.discord.panels"),
        ("from rich.text import Text", "argus_otel.sources.discord.panels"),
        ("from argus_otel.sources.discord import catalogue", "argus_otel.terminal.drawn_panels"),
        ("from argus_otel.sources.discord import catalogue", "argus_otel.panels.reading"),
        ("from argus_otel.scrape.exposition import parse", "argus_otel.panels.reading"),
        ("from argus_otel.sources.discord.panels import PANELS", "argus_otel.endpoint.page.page"),
        ("from argus_otel.sources.discord import catalogue", "argus_otel.scrape.exposition"),
        ("from argus_otel.sources.discord import catalogue", "argus_otel.cli.top.view"),
        ("from argus_otel.cli.top import watch", "argus_otel.demo.stage"),
    ],
)
def test_a_planted_import_is_found(source: str, module: str) -> None:
    assert len(broken_walls(source, module)) == 1


def test_a_planted_import_in_a_package_is_found() -> None:
    assert broken_walls("from ..otel import bridge", "argus_otel.telemetry", package=True)
    assert broken_walls("from . import guard\nfrom .guard import Guard", "argus_otel.telemetry", package=True) == []


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("from .cardinality import CardinalityLimits\nimport discordant", "argus_otel.telemetry.guard"),
        ("from . import cardinality", "argus_otel.telemetry.guard"),
        ("from argus_otel.telemetry import Telemetry\nfrom .misuse import shown", "argus_otel.custom.events"),
        ("from argus_otel.panels import Panel", "argus_otel.sources.discord.panels"),
        ("from argus_otel.sources.discord import catalogue", "argus_otel.sources.discord.panels"),
        ("from argus_otel.sources.spec import GROUP", "argus_otel.cli.doctor.sources"),
        ("import discord\nfrom argus_otel.telemetry import Telemetry", "argus_otel.sources.discord.rest"),
    ],
)
def test_an_import_that_is_allowed_is_not_found(source: str, module: str) -> None:
    assert broken_walls(source, module) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("try: f()\nexcept Exception: pass", True),
        ("try: f()\nexcept: pass", True),
        ("try: f()\nexcept BaseException as e: g(e)", True),
        ("try: f()\nexcept (OSError, Exception): pass", True),
        ("try: f()\nexcept builtins.Exception: pass", True),
        ("with suppress(Exception): f()", True),
        ("with contextlib.suppress(BaseException): f()", True),
        ("try: f()\nexcept BaseException:\n    g()\n    raise", False),
        ("try: f()\nexcept (OSError, ValueError): pass", False),
        ("with suppress(OSError): f()", False),
    ],
)
def test_a_planted_handler_of_everything_is_found(source: str, found: bool) -> None:
    assert bool(swallowing(source)) is found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os\nos.environ['A']", True),
        ("import os\nos.getenv('A')", True),
        ("from os import environ", True),
        ("def f(environ): return environ.get('A')", False),
    ],
)
def test_a_planted_look_at_the_environment_is_found(source: str, found: bool) -> None:
    assert touches_environment(source) is found
