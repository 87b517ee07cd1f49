"""Custom counters, and the warnings of misuse."""

from __future__ import annotations

import enum
import logging
import threading
from typing import Any

import pytest

from argus_otel import count
from argus_otel.custom import custom_telemetry, metrics, misuse, registry
from argus_otel.telemetry import OTHER

from .conftest import Kept


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "argus_otel"]


def test_things_are_counted_by_their_attributes(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        count("songs.played", genre="rock")
    count("songs.played", 2, genre="jazz")
    count("songs.played", amount=0.5, genre="jazz")
    count("songs.played", 0, genre="polka")
    count("songs.played")
    assert kept.counts("songs.played") == {
        (("genre", "rock"),): 3,
        (("genre", "jazz"),): 2.5,
        (("genre", "polka"),): 0,
        (): 1,
    }
    assert warned(caplog) == []


def test_attributes_may_differ_and_their_order_does_not_matter(kept: Kept) -> None:
    count("songs.played", genre="rock", live=True)
    count("songs.played", live=True, genre="rock")
    count("songs.played", live=True, genre="rock", host=None)
    count("songs.played", **{"song.length": 3})
    assert kept.counts("songs.played") == {(("genre", "rock"), ("live", True)): 3, (("song.length", 3),): 1}


def test_name_and_self_are_attributes_like_any_other(kept: Kept) -> None:
    count("songs.played", name="x", self="y")
    assert kept.counts("songs.played") == {(("name", "x"), ("self", "y")): 1}


def test_values_of_subclasses_are_reported_as_what_they_are(kept: Kept) -> None:
    class Genre(str, enum.Enum):
        ROCK = "rock"

    class Stars(enum.IntEnum):
        FIVE = 5

    for _ in range(2):
        count("songs.played", genre=Genre.ROCK, stars=Stars.FIVE)
    count("songs.played", genre="rock", stars=5)
    assert kept.counts("songs.played") == {(("genre", "rock"), ("stars", 5)): 3}
    ((attributes, _),) = kept.telemetry.points(kept.telemetry.defined_metrics()[0])
    assert {type(value) for value in attributes.values()} == {str, int}


@pytest.mark.parametrize("amount", [-1, -0.5, float("nan"), float("inf"), 10**16, "3", None, [1], object()])
def test_an_amount_that_makes_no_sense_counts_nothing(
    kept: Kept, caplog: pytest.LogCaptureFixture, amount: Any
) -> None:
    count("songs.played", amount)
    count("songs.played", amount)
    assert kept.names() == []
    (warning,) = warned(caplog)
    assert "count('songs.played') in test_count.py:" in warning
    assert "the amount is a number from 0 to 1e15. Nothing is counted." in warning


def test_a_sum_stays_within_what_can_be_exported(kept: Kept) -> None:
    for _ in range(20_000):
        count("coins.spent", 10**15)
    ((_, total),) = kept.telemetry.points(kept.telemetry.defined_metrics()[0])
    assert isinstance(total, float)
    assert total == 2e19
    count("small", 2**31)
    assert isinstance(kept.counts("small")[()], int)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("songs played", "a name begins with a letter"),
        ("1song", "a name begins with a letter"),
        ("", "a name begins with a letter"),
        ("größe", "a name begins with a letter"),
        ("a\nb", "a name begins with a letter"),
        ("a" * 256, "a name begins with a letter"),
        (5, "the name has to be a str such as 'songs.played', not int"),
        (None, "the name has to be a str"),
        (["a"], "the name has to be a str"),
        ("discord.songs", "names that begin with 'discord.' are reserved"),
        ("Discord.songs", "names that begin with 'discord.' are reserved"),
        ("http.calls", "names that begin with 'http.' are reserved"),
        ("argus.x", "names that begin with 'argus.' are reserved"),
        ("process.images", "names that begin with 'process.' are reserved"),
        ("otel.x", "names that begin with 'otel.' are reserved"),
        ("target", "names that begin with 'target.' are reserved"),
        ("discord_gateway_events", "in Prometheus that is the same name as 'discord.gateway.events'"),
        ("http_client_request_duration_seconds", "the same name as 'http.client.request.duration'"),
    ],
)
def test_a_name_that_cannot_be_counts_nothing(
    kept: Kept, caplog: pytest.LogCaptureFixture, name: Any, expected: str
) -> None:
    for _ in range(3):
        count(name, genre="rock")
    assert kept.names() == []
    (warning,) = warned(caplog)
    assert expected in warning
    assert "Nothing is counted. (Reported once.)" in warning


@pytest.mark.parametrize("name", ["songs_played", "Songs.Played", "songs-played", "songs.played.total"])
def test_a_name_that_prometheus_would_take_for_another_is_refused(
    kept: Kept, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    count("songs.played")
    count(name)
    assert kept.names() == ["songs.played"]
    assert "the same name as 'songs.played'" in warned(caplog)[0]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"genre": object()}, "genre is object"),
        ({"genre": ["rock"]}, "genre is list"),
        ({"genre": {"a": 1}}, "genre is dict"),
        ({"genre": float("nan")}, "a finite float"),
        ({"genre": 10**100}, "genre is int"),
        ({"a b": "x"}, "an attribute's name begins with a letter"),
        ({"_private": "x"}, "an attribute's name begins with a letter"),
        ({"a" * 101: "x"}, "an attribute's name begins with a letter"),
        ({"le": "0.5"}, "Prometheus uses the label"),
        ({"otel.scope.name": "x"}, "Prometheus uses the label"),
        ({"song.genre": "x", "song_genre": "y"}, "in Prometheus song_genre is the same name"),
    ],
)
def test_an_attribute_that_cannot_be_counts_nothing(
    kept: Kept, caplog: pytest.LogCaptureFixture, attributes: dict[str, Any], expected: str
) -> None:
    for _ in range(3):
        count("songs.played", **attributes)
    assert kept.counts("songs.played") == {}
    (warning,) = warned(caplog)
    assert expected in warning
    count("songs.played", genre="rock")
    assert kept.counts("songs.played") == {(("genre", "rock"),): 1}


@pytest.mark.parametrize(
    "value",
    [123456789012345678, "123456789012345678", "<@123456789012345678>", 10**15, -(10**18), "g:1234567890123456"],
)
def test_an_id_is_no_category(kept: Kept, caplog: pytest.LogCaptureFixture, value: Any) -> None:
    for number in range(5):
        count("songs.played", user_id=value, genre=f"g{number % 2}")
    assert kept.counts("songs.played") == {
        (("genre", "g0"), ("user_id", OTHER)): 3,
        (("genre", "g1"), ("user_id", OTHER)): 2,
    }
    assert kept.overflows() == {"user_id": 5}
    (warning,) = warned(caplog)
    assert "user_id looks like an id" in warning
    assert "argus_otel.annotate(user_id=…)" in warning
    assert str(value) not in warning


def test_numbers_that_are_no_ids_stay(kept: Kept) -> None:
    count("x", year=2026, big=99_999_999_999_999, text="12345678901234", long="1" * 21)
    assert list(kept.counts("x")) == [
        (("big", 99_999_999_999_999), ("long", "1" * 21), ("text", "12345678901234"), ("year", 2026))
    ]


def test_text_that_is_no_category_is_not_kept(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    kept.telemetry.redact.add_secret("hunter2hunter2")
    count("x", query="word " * 21)
    count("x", key="hunter2hunter2")
    assert kept.counts("x") == {(("query", OTHER),): 1, (("key", OTHER),): 1}
    long, secret = warned(caplog)
    assert "query has more than 100 characters" in long
    assert "key holds a secret" in secret
    assert "hunter2" not in str(caplog.records)
    assert "hunter2" not in str(kept.custom._cells)


def test_what_cannot_be_encoded_is_replaced(kept: Kept) -> None:
    count("x", genre="a\udc80b")
    ((pairs, _),) = kept.counts("x").items()
    assert pairs == (("genre", "a?b"),)


# -- limits


def test_values_beyond_the_limit_are_other_and_counted(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(metrics.CARDINALITY_LIMIT + 50):
        count("songs.played", title=f"t{number}")
    points = kept.counts("songs.played")
    assert len(points) == metrics.CARDINALITY_LIMIT + 1
    assert points[(("title", OTHER),)] == 50
    assert kept.overflows() == {"title": 50}
    assert len(warned(caplog)) == 1
    count("songs.queued", title="t999")
    assert kept.counts("songs.queued") == {(("title", "t999"),): 1}


def test_an_attribute_of_ours_keeps_its_own_limit(kept: Kept) -> None:
    for number in range(metrics.CARDINALITY_LIMIT):
        count("songs.played", **{"discord.command.name": f"c{number}"})
    assert all(limits._seen == {} for limits in kept.telemetry._limits.values())


def test_attributes_beyond_the_limit_are_left_out(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    count("x", **{f"a{number}": 1 for number in range(metrics.MAX_ATTRIBUTES + 2)})
    ((pairs, value),) = kept.counts("x").items()
    assert (len(pairs), value) == (metrics.MAX_ATTRIBUTES, 1)
    assert [warning.split(": ")[2] for warning in warned(caplog)] == [
        f"a{number} is attribute number 11, and is left out. (Reported once.)" for number in (10, 11)
    ]


def test_combinations_beyond_the_limit_share_one_point(kept: Kept) -> None:
    for number in range(metrics.MAX_SERIES + 500):
        count("x", a=number % 100, b=number // 100)
    points = kept.counts("x")
    assert len(points) == metrics.MAX_SERIES + 1
    assert points[(("a", OTHER), ("b", OTHER))] == 500
    assert sum(points.values()) == metrics.MAX_SERIES + 500


def test_metrics_beyond_the_limit_count_nothing(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(registry.MAX_METRICS + 3):
        count(f"m{number}")
    assert len(kept.names()) == registry.MAX_METRICS
    assert "there are 200 custom metrics already" in warned(caplog)[0]


def test_what_was_got_wrong_fills_neither_log_nor_memory(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(1000):
        count(f"bad name {number}")
        count("x", user=f"u{number}")
        count("y", n=None, **{f"k{number}": 1})
    assert len(warned(caplog)) == misuse.MAX_WARNINGS
    assert warned(caplog)[-1].endswith("Further misuse is not reported.")
    assert len(kept.custom._misuse._warned) == misuse.MAX_WARNINGS
    assert len(kept.custom._cells) < 200


def test_calls_with_keys_in_many_orders_are_bounded_too(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(custom_telemetry, "_MAX_CACHED", 5)
    for number in range(50):
        count("x", a=number)
        count("x", a=number)
    assert sum(kept.counts("x").values()) == 100
    assert len(kept.custom._cells) == 5


# -- fail open


def test_attributes_that_fail_in_the_callers_hands_do_not_reach_the_bot(kept: Kept) -> None:
    class Hostile(str):
        __slots__ = ()

        def __hash__(self) -> int:
            raise RuntimeError("no")

    count("x", genre=Hostile("rock"))
    assert list(kept.telemetry.guard.faults) == ["custom telemetry"]
    kept.telemetry.guard._faults.clear()
    count("x", genre="rock")
    assert kept.counts("x") == {(("genre", "rock"),): 1}


def test_a_logging_handler_may_count(kept: Kept) -> None:
    """One thread counts wrongly and so warns, another logs and so counts. Neither waits for the other."""
    lock = threading.Lock()

    class Counting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            with lock:
                count("lines.logged", level=record.levelname)

    handler = Counting()
    logger = logging.getLogger("argus_otel")
    logger.addHandler(handler)
    try:
        threads = [
            threading.Thread(target=lambda n=n: [count(f"bad name {n}{i}", a=i) for i in range(20)]) for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)
    finally:
        logger.removeHandler(handler)
    assert sum(kept.counts("lines.logged").values()) == 80


def test_threads_that_come_first_together_define_one_metric(kept: Kept) -> None:
    barrier = threading.Barrier(8)

    def first() -> None:
        barrier.wait()
        for number in range(200):
            count("x", a=number % 50)

    threads = [threading.Thread(target=first) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept.names() == ["x"]
    assert sum(kept.counts("x").values()) == 1600
