"""Models side by side: each has its own events, once, and is erased by its own references."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from argus_otel.discovery import Installed
from argus_otel.history import models
from argus_otel.history.record.pseudonyms import hashed
from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store
from argus_otel.history.store.erasure import Erased, erase
from argus_otel.history.store.schema import Schema
from argus_otel.settings import Settings
from argus_otel.sources.checks.history import MODEL as CHECKS
from argus_otel.sources.discord.history import MODEL as DISCORD
from argus_otel.sources.graphs.history import MODEL as GRAPHS
from argus_otel.sources.spec import SourceSpec
from argus_otel.sources.training.history import MODEL as TRAINING
from argus_otel.telemetry import PartError, Telemetry

from .dataset import ROWS, SCHEMA, row
from .jobs import MODEL as JOBS

BOTH = Schema((DISCORD, JOBS))
DAY = "2026-01-05T10:00"


def job(number: int, owner: str, worker: int, event: str = "jobs.done", **more: Any) -> Row:
    attributes = {"jobs.worker": worker, "jobs.owner": owner, **more}
    made = row(DAY, 0, event, number, attributes=attributes)
    return Row(made.time, event, made.event_id, "worker", {"jobs.pool": "night"}, 1.0, attributes)


JOBS_ROWS = [
    job(1, "ann", 7),
    job(2, hashed("ann", "a key"), 7),
    job(3, "bob", 7),
    job(4, "bob", 8, "cron.fired", **{"jobs.id": "4"}),
]
SHARED = job(5, "cat", 9, **{"discord.guild.id": "1"})
OTHER = row(DAY, 0, "shop.sale")


@pytest.fixture
def both(database: Callable[[str], Store], request: pytest.FixtureRequest) -> Store:
    store = database(request.node.name)
    migrations.migrate(store, BOTH)
    for _ in range(2):
        store.insert([*ROWS, *JOBS_ROWS, SHARED, OTHER])
    return store


def count(store: Store, what: str) -> int:
    return int(store.query(f"select count() from {what}")[0][0])


def test_each_event_is_in_the_tables_of_the_models_that_claim_it_once(both: Store) -> None:
    assert count(both, "discord_events") == len(ROWS) + 1
    assert count(both, "jobs_events") == len(JOBS_ROWS) + 1
    assert both.query("select event from history_unclaimed") == [("shop.sale",)]
    assert both.query("select pool, worker, count() from jobs_events group by all order by all") == [
        ("night", 7, 3),
        ("night", 8, 1),
        ("night", 9, 1),
    ]
    assert both.query(
        "select worker, sum(count), uniqIfMerge(owners) from jobs_daily group by worker order by all"
    ) == [
        (7, 3, 3),
        (8, 1, 1),
        (9, 1, 1),
    ]


def test_a_reference_is_erased_from_the_models_that_have_it(both: Store) -> None:
    assert Erased("jobs_events", 3) in erase(both, BOTH, "worker", "7")
    assert count(both, "jobs_daily where worker = 7") == 0
    assert (count(both, "jobs_events"), count(both, "discord_events")) == (2, len(ROWS) + 1)


def test_a_person_is_erased_by_name_and_by_hash(both: Store) -> None:
    assert Erased("jobs_events", 2) in erase(both, BOTH, "owner", "ann", "a key")
    assert both.query("select sum(count), uniqIfMerge(owners) from jobs_daily where worker = 7") == [(1, 1)]
    with pytest.raises(ValueError, match="'a b' is not a name"):
        erase(both, BOTH, "owner", "a b")


def test_a_model_that_comes_later_adopts_its_events_and_no_others(database: Callable[[str], Store]) -> None:
    store = database("second_model")
    migrations.migrate(store, SCHEMA)
    store.insert([*ROWS, *JOBS_ROWS, SHARED, OTHER])
    assert count(store, "history_unclaimed") == len(JOBS_ROWS) + 1
    outcome = migrations.migrate(store, BOTH)
    assert [step.title for step in outcome.applied] == ["jobs 1 (events)"]
    assert outcome.adopted == {"jobs": len(JOBS_ROWS)}
    assert (count(store, "history_unclaimed"), count(store, "discord_events")) == (1, len(ROWS) + 1)


def test_retention_of_every_model_is_set(both: Store) -> None:
    ages = BOTH.parse_ages("jobs_events=forever,discord_events=1w")
    assert migrations.migrate(both, BOTH, keep=ages).kept == {"jobs_events": None, "discord_events": 7 * 24}


# -- models of installed sources


def installed(monkeypatch: pytest.MonkeyPatch, **histories: str | None) -> None:
    specs = {
        name: SourceSpec(name, api=1, title=name, factory="x:y", catalogue="x:y", history=history)
        for name, history in histories.items()
    }
    monkeypatch.setattr(models, "installed", lambda: Installed(specs, ()))


def test_models_are_those_of_the_installed_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    assert models.installed_models() == (CHECKS, DISCORD, GRAPHS, TRAINING)
    installed(monkeypatch, jobs="tests.history.jobs:MODEL", system=None)
    assert models.installed_schema().models == (JOBS,)


@pytest.mark.parametrize(
    ("history", "why"),
    [
        (
            "tests.history.nowhere:MODEL",
            r"the history of the source jobs \(tests.history.nowhere:MODEL\) cannot be loaded",
        ),
        ("tests.history.jobs:NONE", "cannot be loaded: .*NONE"),
        ("argus_otel.sources.discord.history:MODEL", "has to be a HistoryModel that is named 'jobs'"),
        ("argus_otel.sources.discord:SPEC", "has to be a HistoryModel"),
    ],
)
def test_without_a_model_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch, history: str, why: str) -> None:
    """Only the model knows which attributes have ids of people."""
    from opentelemetry.sdk.resources import Resource

    from argus_otel.history.recording import Recording

    installed(monkeypatch, jobs=history)
    settings = Settings.resolve({"ARGUS_HISTORY": "store"})
    with pytest.raises(PartError, match=why):
        Recording(settings, Telemetry(), Resource({}))
