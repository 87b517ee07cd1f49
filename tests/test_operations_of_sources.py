"""What every operation of every source has to do, whichever sources there are."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import argus_otel
from argus_otel.telemetry import Operation

# What each of them asks is there on one system only.
OF_OTHER_SYSTEMS = {
    f"argus_otel.sources.process.{name}"
    for name, platform in {"linux": "linux", "macos": "darwin", "windows": "win32"}.items()
    if platform != sys.platform
}


def import_everything() -> None:
    """Import every module of ours that can be: a subclass is known once its module is."""
    for package in ("sources", "telemetry"):
        path = [f"{argus_otel.__path__[0]}/{package}"]
        for module in pkgutil.walk_packages(path, f"argus_otel.{package}."):
            if module.name not in OF_OTHER_SYSTEMS:
                importlib.import_module(module.name)


def kinds() -> list[type[Operation]]:
    import_everything()

    def below(kind: type[Operation]) -> Iterator[type[Operation]]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    ours = {kind for kind in below(Operation) if kind.__module__.startswith("argus_otel.")}
    return [Operation, *sorted(ours, key=lambda kind: kind.__qualname__)]


def made(kind: type[Operation]) -> Operation:
    """Make one as its hook does: what it is given is looked into by its ``__init__`` alone."""
    thing: Any = SimpleNamespace(series={})
    arguments: dict[str, tuple[Any, ...]] = {
        "Operation": (),
        "ChatCall": ("openai", "gpt", None),
        "GraphRun": (thing, None, ""),
        "InteractionOperation": (1, thing, "play"),
        "Iteration": (thing,),
        "NodeRun": (thing, thing, thing),
        "PrefixOperation": (thing,),
        "RestCall": (thing, True, False),
        "Timing": (thing, (), 1),
        "ToolCall": ("search", None),
        "TrainingRun": (thing, "5f0c7c52", 1, "baseline", None),
        "_Loading": ("a.b",),
    }
    return kind(*arguments[kind.__qualname__])


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__qualname__)
def test_every_slot_is_set_once_it_is_made(kind: type[Operation]) -> None:
    operation = made(kind)
    slots = [slot for base in kind.__mro__ for slot in getattr(base, "__slots__", ())]
    assert set(slots) >= {"started", "scope", "span", "work_context", "error", "ended"}
    assert [slot for slot in slots if not hasattr(operation, slot)] == []
    assert not hasattr(operation, "__dict__"), "a subclass without __slots__ has a dictionary for each operation"
