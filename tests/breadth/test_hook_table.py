"""docs/hooks.md is right about the library that is installed here, and about every hook and signal."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from argus_otel.sources.discord import catalogue
from argus_otel.sources.discord.clusters import Clusters
from argus_otel.sources.discord.hook_coverage import COVERAGE
from argus_otel.sources.discord.patches import PatchSet
from argus_otel.sources.discord.source import DiscordSource, _Parts
from argus_otel.telemetry import Span, Telemetry
from tools.hook_table import DOCUMENT, column, table


def documented() -> dict[str, dict[str, str]]:
    """Return the document's marks: by library, and by hook."""
    rows = [
        [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]
        for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
    ]
    (libraries,) = [row[2:] for row in rows if row[:2] == ["hook", "target"]]
    found: dict[str, dict[str, str]] = {library: {} for library in libraries}
    for row in rows:
        if len(row) == 2 + len(libraries) and row[1].startswith("`"):
            for library, mark in zip(libraries, row[2:], strict=True):
                found[library][f"{row[0]} {row[1].strip('`')}"] = mark
    return found


def test_the_column_of_the_installed_library_is_its_probe() -> None:
    library = f"discord.py {version('discord.py')}"
    columns = documented()
    if library not in columns:
        pytest.skip(f"docs/hooks.md has no column for {library}")
    marks = {True: "✔", False: "absent"}
    probed = {name: marks[there] for name, there in column(DiscordSource.probe(), "discord").items()}
    assert {name: mark for name, mark in columns[library].items() if mark} == probed


def test_every_hook_has_its_entry_and_every_entry_its_hook() -> None:
    telemetry = Telemetry()
    parts = _Parts(telemetry, PatchSet(telemetry), Clusters(None), lambda: None)
    hooks = {patch.hook for patch in (*parts._patches, *parts._of_forks)}
    assert hooks == set(COVERAGE)


def test_every_definition_comes_from_a_hook() -> None:
    everything = {*catalogue.CATALOGUE.metrics, *catalogue.CATALOGUE.spans, *catalogue.CATALOGUE.events}
    signals = [signal for hook in COVERAGE.values() for signal in hook.signals]
    # The event of the exception that ends an operation needs what its span needs.
    signals += [signal.exception for signal in signals if isinstance(signal, Span)]
    assert {each.name for each in everything} == {signal.name for signal in signals}


def test_the_second_table_is_of_these_entries() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    made = table({("discord.py", version("discord.py")): column(DiscordSource.probe(), "discord")})
    _, _, entries = made.partition("| hook | signals that need it |")
    assert entries
    assert entries in text


def test_a_fork_keeps_its_own_name_in_front_of_a_hook() -> None:
    probed = {"hook:REST calls nextcord.http.HTTPClient.request": None, "hook:app commands nextcord.a.B": "gone"}
    assert column(probed, "nextcord") == {"REST calls http.HTTPClient.request": True, "app commands a.B": False}
