"""Every question, asked of a history whose answers are known; also when its raw rows are gone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from argus_otel.history.store.time_range import QueryError
from argus_otel.sources.discord.history import History
from argus_otel.sources.discord.history.results import (
    Active,
    Adoption,
    Busiest,
    Cohort,
    Day,
    Errors,
    Growth,
    Latency,
    Quiet,
    Top,
    Volume,
)

from .dataset import ROWS, at

JANUARY = {"since": date(2026, 1, 1), "until": date(2026, 2, 1), "service": "bot"}
ALL = {"until": date(2026, 2, 9), "service": "bot"}


def week(day: int, month: int = 1) -> date:
    return date(2026, month, day)


def test_volume_by_day(history: History) -> None:
    assert history.volume(until=date(2026, 1, 10), service="bot") == [
        Volume(week(5), 0, uses=5, commands=4, errors=0, guilds=1, users=3),
        Volume(week(6), 0, uses=3, commands=3, errors=1, guilds=2, users=2),
        Volume(week(8), 0, uses=1, commands=1, errors=0, guilds=1, users=1),
        Volume(week(9), 0, uses=1, commands=1, errors=0, guilds=1, users=1),
    ]


def test_volume_of_all_bots(history: History) -> None:
    [monday] = history.volume(until=date(2026, 1, 6))
    assert monday.uses == 8


def test_volume_by_week_of_one_guild(history: History) -> None:
    assert history.volume("week", guild=1, **ALL) == [
        Volume(week(5), 1, uses=5, commands=4, errors=1, guilds=1, users=2),
        Volume(week(12), 1, uses=2, commands=2, errors=0, guilds=1, users=1),
        Volume(week(2, 2), 1, uses=1, commands=1, errors=0, guilds=1, users=1),
    ]


def test_volume_by_month_of_the_guilds_that_do_most(history: History) -> None:
    assert history.volume("month", each_guild=True, limit=2, **ALL) == [
        Volume(week(1), 1, uses=7, commands=6, errors=1, guilds=1, users=2),
        Volume(week(1), 2, uses=3, commands=3, errors=0, guilds=1, users=1),
        Volume(week(1, 2), 1, uses=1, commands=1, errors=0, guilds=1, users=1),
        Volume(week(1, 2), 2, uses=2, commands=2, errors=0, guilds=1, users=1),
    ]


def test_volume_of_some_hours(history: History) -> None:
    """What begins or ends within a day is answered by the hourly rollup."""
    [monday] = history.volume(since=at("2026-01-05T11:00"), until=at("2026-01-06T00:00"), service="bot")
    assert monday == Volume(week(5), 0, uses=1, commands=0, errors=0, guilds=1, users=1)


def test_active_guilds_by_day_week_and_month(history: History) -> None:
    assert history.active("day", since=date(2026, 1, 6), until=date(2026, 1, 10), service="bot") == [
        Active(week(6), guilds=2, new=1, kept=1, back=0),
        Active(week(8), guilds=1, new=1, kept=0, back=0),
        Active(week(9), guilds=1, new=0, kept=1, back=0),
    ]
    assert history.active("week", **ALL) == [
        Active(week(5), guilds=3, new=3, kept=0, back=0),
        Active(week(12), guilds=3, new=1, kept=2, back=0),
        Active(week(2, 2), guilds=2, new=0, kept=0, back=2),
    ]
    assert history.active("month", **ALL) == [
        Active(week(1), guilds=4, new=4, kept=0, back=0),
        Active(week(1, 2), guilds=2, new=0, kept=2, back=0),
    ]


def test_growth_and_churn(history: History) -> None:
    assert history.growth("week", **ALL) == [
        Growth(week(5), joined=3, left=0, net=3, guilds=4, churn=0.0),
        Growth(week(12), joined=1, left=1, net=0, guilds=4, churn=0.2),
        Growth(week(19), joined=0, left=1, net=-1, guilds=3, churn=0.25),
    ]
    assert history.growth("week", since=date(2026, 1, 20), until=date(2026, 2, 9), service="bot") == [
        Growth(week(19), joined=0, left=1, net=-1, guilds=3, churn=0.25),
    ]


def test_guilds_that_went_quiet(history: History) -> None:
    """3 never did anything, and 4 has left: neither went quiet."""
    assert history.quiet(timedelta(days=14), **ALL) == [
        Quiet(5, last=at("2026-01-09T10:30"), days=31, uses=2, active_days=2),
    ]
    assert [guild.guild_id for guild in history.quiet(timedelta(days=5), **ALL)] == [1, 2, 5]
    assert [guild.guild_id for guild in history.quiet(timedelta(days=5), limit=1, **ALL)] == [1]
    assert history.quiet(timedelta(days=60), **ALL) == []


def test_top_commands(history: History) -> None:
    assert history.top(**ALL) == [
        Top("play", "slash", uses=8, share=0.5, guilds=2, users=4, rejected=2, errors=1),
        Top("song", "slash", uses=4, share=0.25, guilds=2, users=2, rejected=0, errors=1),
        Top("stop", "slash", uses=4, share=0.25, guilds=2, users=2, rejected=0, errors=0),
    ]
    assert [(top.command, top.uses, top.share) for top in history.top(guild=5, **ALL)] == [("stop", 2, 1.0)]
    assert len(history.top(limit=1, **ALL)) == 1


def test_adoption_of_a_new_command(history: History) -> None:
    assert history.adoption("song", **ALL) == [
        Adoption(week(12), 2, 2, 2, reached=2, share=2 / 3, old_uses=0, old_guilds=0, moved=0, lost=0),
        Adoption(week(2, 2), 2, 1, 0, reached=2, share=0.5, old_uses=0, old_guilds=0, moved=0, lost=0),
    ]


def test_what_was_lost_by_renaming_a_command(history: History) -> None:
    assert history.adoption("song", replaces="play", **ALL) == [
        Adoption(week(5), 0, 0, 0, reached=0, share=0.0, old_uses=7, old_guilds=2, moved=0, lost=2),
        Adoption(week(12), 2, 2, 2, reached=2, share=2 / 3, old_uses=0, old_guilds=0, moved=1, lost=1),
        Adoption(week(2, 2), 2, 1, 0, reached=2, share=0.5, old_uses=1, old_guilds=1, moved=1, lost=1),
    ]


def test_a_command_that_nobody_used_was_not_adopted(history: History) -> None:
    assert history.adoption("dance", **ALL) == []


def test_errors_by_command_by_guild_and_by_both(history: History) -> None:
    assert history.errors(**ALL) == [
        Errors("play", "slash", 0, uses=8, rejected=2, errors=1, rate=1 / 8, error="ValueError"),
        Errors("song", "slash", 0, uses=4, rejected=0, errors=1, rate=1 / 4, error="KeyError"),
    ]
    assert history.errors("guild", **ALL) == [
        Errors("", "", 1, uses=7, rejected=0, errors=1, rate=1 / 7, error="ValueError"),
        Errors("", "", 4, uses=1, rejected=0, errors=1, rate=1.0, error="KeyError"),
    ]
    assert history.errors("both", guild=4, **ALL) == [
        Errors("song", "slash", 4, uses=1, rejected=0, errors=1, rate=1.0, error="KeyError"),
    ]


def test_latency_by_command(history: History) -> None:
    song, stop, play = history.latency(**ALL)
    # Percentiles are kept in buckets, and are right within 1 %.
    assert song == Latency(
        "song", "slash", 4, mean=pytest.approx(0.875), p50=pytest.approx(0.5, rel=0.01),
        p90=pytest.approx(2.0, rel=0.01), p95=pytest.approx(2.0, rel=0.01), p99=pytest.approx(2.0, rel=0.01),
        longest=2.0,
    )  # fmt: skip
    assert (stop.command, stop.uses, stop.mean, stop.longest) == ("stop", 4, pytest.approx(0.55), 1.0)
    assert (play.command, play.uses, play.longest) == ("play", 8, 0.4)
    assert play.mean == pytest.approx(1.5 / 8)


def test_busiest_hours(history: History) -> None:
    assert history.busiest(**ALL, limit=3) == [
        Busiest(0, 10, uses=11, share=11 / 17, guilds=3),
        Busiest(0, 11, uses=2, share=2 / 17, guilds=1),
        Busiest(0, 18, uses=2, share=2 / 17, guilds=1),
    ]


def test_busiest_hours_of_the_week_where_the_users_are(history: History) -> None:
    [first, *_] = history.busiest("week", time_zone="Asia/Tokyo", guild=1, **ALL)
    assert first == Busiest(1, 19, uses=4, share=0.5, guilds=1)


def test_retention_by_join_cohort(history: History) -> None:
    assert history.retention("week", **JANUARY) == [
        Cohort(week(5), guilds=3, active=(2, 1, 0, 0)),
        Cohort(week(12), guilds=1, active=(1, 0, 0)),
    ]
    assert history.retention("week", periods=1, **JANUARY) == [
        Cohort(week(5), guilds=3, active=(2, 1)),
        Cohort(week(12), guilds=1, active=(1, 0)),
    ]
    assert history.retention("month", **ALL) == [Cohort(week(1), guilds=4, active=(3, 1))]


def test_the_story_of_one_guild(history: History) -> None:
    story = history.guild(4, **ALL)
    assert story is not None
    assert (story.first, story.last) == (at("2026-01-14T12:00"), at("2026-01-15T08:00"))
    assert (story.joined, story.left) == (at("2026-01-14T12:00"), at("2026-01-15T08:00"))
    assert (story.uses, story.users) == (1, 1)
    assert story.days == (
        Day(week(14), 1, 0, uses=1, commands=1, rejected=0, errors=1, users=1, busiest="song"),
        Day(week(15), 0, 1, uses=0, commands=0, rejected=0, errors=0, users=0, busiest=""),
    )
    assert [(top.command, top.uses) for top in story.commands] == [("song", 1)]
    assert [(error.error, error.errors) for error in story.errors] == [("KeyError", 1)]
    raw = history.store.query("select count() from discord_events")[0][0]
    assert [happening.event for happening in story.recent] == (
        ["discord.guild.leave", "discord.command", "discord.guild.join"] if raw else []
    )
    assert history.guild(1, **ALL).joined is None  # type: ignore[union-attr]
    assert history.guild(99) is None


def test_nothing_is_answered_about_a_time_in_which_nothing_was(history: History) -> None:
    empty = {"since": date(2025, 1, 1), "until": date(2025, 2, 1)}
    assert history.volume(**empty) == history.active(**empty) == history.growth(**empty) == history.top(**empty) == []
    assert history.quiet(**empty) == history.adoption("play", **empty) == history.errors(**empty) == []
    assert history.latency(**empty) == history.busiest(**empty) == history.retention(**empty) == []
    assert history.guild(1, **empty) is None


HOSTILE = ["' or 1=1 --", "'; drop table history; --", "{guild:UInt64}", "\\' union select 1", "${table}", "a\nb\0c"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_somebody_gives_is_never_part_of_a_statement(history: History, text: str) -> None:
    before = history.store.query("select sum(count) from discord_daily")
    assert history.volume(service=text) == history.active(service=text) == history.growth(service=text) == []
    assert history.quiet(service=text) == history.top(service=text) == history.retention(service=text) == []
    assert history.adoption(text, replaces=text) == history.errors(service=text) == history.latency(service=text) == []
    with pytest.raises(QueryError, match="time zone"):
        history.busiest(time_zone=text)
    with pytest.raises(QueryError, match="the period"):
        history.volume(text)  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="by is"):
        history.errors(text)  # type: ignore[arg-type]
    assert history.store.query("select sum(count) from discord_daily") == before == [(len(ROWS),)]


def test_a_command_of_any_name_is_found(history: History) -> None:
    assert history.adoption("play", **ALL)[0].uses == 7


def test_a_span_that_ends_before_it_begins_is_refused(history: History) -> None:
    with pytest.raises(QueryError, match="later than since"):
        history.top(since=date(2026, 1, 2), until=date(2026, 1, 1))
