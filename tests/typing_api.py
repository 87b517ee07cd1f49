"""The public names as a type checker sees them. pyright reads this file; nothing has to run it.

Where a call has to be an error, its line says which: pyright complains of an ignore that it did not need.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true, reportUnusedCoroutine=false, reportUnusedFunction=false

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, TypeVar

from typing_extensions import assert_type

import argus_otel
from argus_otel import annotate, count, graphs, record, timed, training, training_run

T = TypeVar("T")


def counting() -> None:
    assert_type(count("songs.played"), None)
    count("songs.played", 2, genre="rock", live=True, stars=5, ratio=0.5, host=None)
    argus_otel.count("songs.played", amount=0.5, name="an attribute")
    count("songs.played", 1, **{"song.genre": "rock"})
    count()  # pyright: ignore[reportCallIssue]
    count(5)  # pyright: ignore[reportArgumentType]
    count("songs.played", "two")  # pyright: ignore[reportArgumentType]
    count("songs.played", genre=["rock"])  # pyright: ignore[reportArgumentType]
    count(name="songs.played")  # pyright: ignore[reportCallIssue]


def annotating(user: object) -> None:
    assert_type(annotate(user_id=1), None)
    annotate({"playlist.name": "jazz", "live": True}, host=None)
    annotate(user=user)  # pyright: ignore[reportArgumentType]
    annotate("user")  # pyright: ignore[reportArgumentType]


class Guild:
    id: int = 1


def recording(guild: Guild, thing: object) -> None:
    assert_type(record("song.played"), None)
    record("song.played", guild=thing)  # pyright: ignore[reportArgumentType]
    record("song.played", guild=guild, channel=2, user="3", duration=0.5, title="So What", live=None)
    record("song.played", 5)  # pyright: ignore[reportCallIssue]
    record("song.played", duration="long")  # pyright: ignore[reportArgumentType]
    record("song.played", title=["So What"])  # pyright: ignore[reportArgumentType]


@timed("plain")
def plain(number: int, *, double: bool = False) -> str:
    return str(number * (2 if double else 1))


@timed("slow", table="tags")
async def slow(number: int) -> str:
    return str(number)


@timed("generic")
def generic(thing: T) -> T:
    return thing


class Player:
    @timed("player.play")
    def play(self, song: str) -> bool:
        return bool(song)

    @timed("player.load")
    async def load(self, song: str) -> bytes:
        return song.encode()

    @classmethod
    @timed("player.make")
    def make(cls) -> Player:
        return cls()


async def timing() -> None:
    with timed("block", table="tags") as nothing:
        assert_type(nothing, None)
    assert_type(plain(1, double=True), str)
    assert_type(await slow(1), str)
    assert_type(generic(1.5), float)
    assert_type(Player().play("a"), bool)
    assert_type(await Player().load("a"), bytes)
    assert_type(Player.make(), Player)
    kept: Callable[[int], Coroutine[Any, Any, str]] = slow
    await kept(1)
    plain("one")  # pyright: ignore[reportArgumentType]
    plain(1, twice=True)  # pyright: ignore[reportCallIssue]
    await slow()  # pyright: ignore[reportCallIssue]
    Player().play()  # pyright: ignore[reportCallIssue]
    timed(plain)  # pyright: ignore[reportArgumentType]
    timed("x", table=object())  # pyright: ignore[reportArgumentType]


def no_exception_is_swallowed() -> int:
    with timed("block"):
        return 1


def asking_for_runs_of_graphs() -> None:
    graphs.graph("support", reads={"write": ["docs"]})
    with graphs.history("chdb:argus-history") as history:
        assert_type(history, graphs.History)
        assert_type(history.runs("support", outcome="error"), list[graphs.Run])
        assert_type(history.run("5f0c7c52"), graphs.RunDetail)
        assert_type(history.run("5f0c7c52").nodes, tuple[graphs.NodeRun, ...])
        assert_type(history.nodes(), list[graphs.NodeSummary])
        assert_type(history.findings(severity="error"), list[graphs.RecordedFinding])
        assert_type(history.causes(), list[graphs.CauseSummary])
        assert_type(history.difference("5f0c7c52", "8d1e44aa"), list[graphs.Difference])
        assert_type(history.baseline("support", recent=50), list[graphs.Drift])
        history.runs(limit="all")  # pyright: ignore[reportArgumentType]
        history.baseline()  # pyright: ignore[reportCallIssue]


def cites_a_document(node: str, update: Mapping[str, Any]) -> bool:
    return node in update


async def helpfulness(_node: str, _update: Mapping[str, Any]) -> tuple[float, str]:
    return 0.5, "fair"


def declaring() -> None:
    graphs.graph("support", reads={"write": ["docs"]}, validators={"write": cites_a_document}, gate=True)
    graphs.graph("support", judges={"write": [helpfulness, cites_a_document]}, floor={"helpfulness": 0.7})
    graphs.graph("support", validators={"write": lambda _, update: len(update) > 1}, floor=1, severity="warn")
    graphs.graph("support", validators={"write": "docs"})  # pyright: ignore[reportArgumentType]
    graphs.graph("support", floor="high")  # pyright: ignore[reportArgumentType]


def evaluating() -> None:
    assert_type(graphs.evaluate("helpfulness", score=0.5, label="fair", explanation="short"), None)
    graphs.evaluate("helpfulness", score=1)
    graphs.evaluate("helpfulness", 0.5)  # pyright: ignore[reportCallIssue]
    graphs.evaluate("helpfulness", score="good")  # pyright: ignore[reportArgumentType]


@graphs.detector("no_search", layer="behavioural", severity="warn")
def no_search(run: graphs.RunFacts) -> graphs.Finding | None:
    return None if any(node.node == "search" for node in run.nodes) else graphs.Finding()


@graphs.detector("long_answer")
def long_answer(run: graphs.RunFacts) -> Iterator[graphs.Finding]:
    yield from (graphs.Finding.at(node, "answer") for node in run.nodes if node.written["answer"].length > 1000)


def detecting(run: graphs.RunFacts) -> None:
    assert_type(no_search(run), "graphs.Finding | None")
    assert_type(long_answer(run), Iterator[graphs.Finding])


def training_runs() -> None:
    with training_run("baseline", total_steps=10, config={"lr": 0.1}) as run:
        assert_type(run, training.Run)
        assert_type(run.log({"loss": 1.0}, step=1, lr=0.1), None)
        assert_type(run.should_stop, bool)
        run.log({"loss": 1.0}, phase=5)  # pyright: ignore[reportArgumentType]
    training_run(total_steps="ten")  # pyright: ignore[reportArgumentType]
