"""The benchmarks of whole processes do their work, and report nothing that they could not measure."""

from __future__ import annotations

import sys

import pytest

from benchmarks import paced, scrape, soak, startup
from benchmarks.otlp_sink import otlp_sink
from benchmarks.processes import BARE, CONTROL, KINDS, OURS, BotProcess, Kind, present
from discord_simulator import BackgroundSimulator

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the processor's time of a thread is read as Linux has it"
)


def test_a_peer_that_is_missing_is_named_with_how_to_get_it() -> None:
    missing = Kind("somebody", needs=("somebody-else", "no_such_module"))
    found, said = present([KINDS[BARE], missing])
    assert found == [KINDS[BARE]]
    assert said == ["somebody-else is not installed, and somebody not measured: make bench, or uv sync --group peers"]


def test_a_bare_bot_knows_nothing_of_argus_otel_and_ours_does() -> None:
    with BackgroundSimulator(heartbeat_interval=3600) as simulator, otlp_sink() as sink:
        bare = startup.start(KINDS[BARE], simulator, sink.url)
        ours = startup.start(KINDS[OURS], simulator, sink.url)
    assert ours["modules"] > bare["modules"] + 100
    assert ours["resident"] > bare["resident"]
    assert 0 < bare["processor"] < bare["wall"] + 1000


def test_a_bot_that_ends_says_why() -> None:
    with (
        BackgroundSimulator(heartbeat_interval=3600) as simulator,
        pytest.raises(RuntimeError, match=r"LoginFailure|Improper token"),
    ):
        BotProcess(KINDS[BARE], simulator, token="wrong")


def test_a_scrape_finds_the_shards_and_the_users() -> None:
    found = scrape.measure([KINDS[OURS]], rounds=3, shards=2, users=1000, commands=2)
    without, with_users = found
    assert (without.shards, with_users.shards) == (2, 2)
    assert with_users.cached == without.cached + 1000
    assert abs(with_users.series - without.series) < 100  # a slow machine makes some: a warning, a wait
    tables = {table.name: table for table in scrape.tables(found)}
    assert set(tables) == {"loop", "cpu", "series", "late"}
    for users in (0, 1000):
        assert tables["cpu"][f"argus-otel, {users} users"].added > 0
        assert tables["series"][f"argus-otel, {users} users"].added > tables["cpu"][f"argus-otel, {users} users"].added
        assert tables["cpu"][f"argus-otel, {users} users: no scrape again (A/A)"].control
    assert "argus-otel, 0 users: 2 shards" in tables["cpu"].notes[0]


def test_a_paced_bot_is_used_and_its_processor_time_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced, "WARM_UP", 0.1)
    with otlp_sink() as sink:
        used, acts, in_vain = paced.run(KINDS[CONTROL], sink, rate=40, seconds=1)
    assert acts > 10
    assert in_vain == 0
    assert 0 < used < 1000


def test_a_soak_takes_in_the_events_that_it_says() -> None:
    found = soak.measure(events=600, parts=3)
    assert set(found) == {BARE, CONTROL, OURS}
    for parts in found.values():
        assert [{kind: part[kind] for kind in ("typing", "message", "slash")} for part in parts] == [
            {"typing": 120, "message": 70, "slash": 10},
            {"typing": 240, "message": 140, "slash": 20},
            {"typing": 360, "message": 210, "slash": 30},
        ]
    assert found[OURS][-1]["ours"] > found[BARE][-1]["ours"]


def test_growth_is_what_is_there_more_after_the_warm_up() -> None:
    def counts(step: int) -> list[dict[str, int]]:
        return [
            {"typing": 6000 * part, "message": 3500 * part, "slash": 500 * part}
            | dict.fromkeys(soak.COUNTED, 10**6 + step * part * (part > 2))
            for part in range(1, 11)
        ]

    tables = soak.tables({BARE: counts(0), CONTROL: counts(0), OURS: counts(50)})
    for table in tables:
        grown = table[OURS]
        assert grown.added == pytest.approx(50 * 5 / 50)  # by a thousand of the 50 000 events after the warm-up
        assert table[CONTROL].added == 0
    assert "argus-otel: 1,000,250 after 50,000 events, 1,000,500 after 100,000 (+250)" in tables[0].notes


def test_what_has_hardly_begun_has_no_growth() -> None:
    begun = [dict.fromkeys(("typing", "message", "slash", *soak.COUNTED), 1)]
    assert soak.tables({BARE: begun, CONTROL: begun, OURS: begun}) == []


def test_otlp_is_taken() -> None:
    exporter = pytest.importorskip("opentelemetry.exporter.otlp.proto.grpc.trace_exporter")
    with otlp_sink() as sink:
        made = exporter.OTLPSpanExporter(endpoint=sink.url, insecure=True)
        assert made.export([]).name == "SUCCESS"
        made.shutdown()
    assert sink.requests == 1
