"""The benchmarks of whole processes do the work that they say, and tell nothing of what they could not measure."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from benchmarks.differences import differences, table
from benchmarks.processes import BARE, CONTROL, KINDS, OURS, BotProcess, Kind, present
from benchmarks.taking import taking_otlp

from argus_otel.simulator import BackgroundSimulator
from benchmarks import paced, scrape, soak, startup

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the processor's time of a thread is read as Linux has it"
)


def test_differences_are_taken_within_a_round() -> None:
    drifting = [10.0, 20.0, 40.0, 80.0, 160.0]
    found = differences({"bare": drifting, "more": [value + 3 for value in drifting], "same": drifting}, "bare")
    assert [(row.name, row.each, row.added, row.low, row.high) for row in found] == [
        ("bare", 40.0, 0.0, 0.0, 0.0),
        ("more", 43.0, 3.0, 3.0, 3.0),
        ("same", 40.0, 0.0, 0.0, 0.0),
    ]
    assert "more                               43.0       +3.0             +3.0 … +3.0" in table("a title", "ms", found)


def test_the_spread_covers_what_the_rounds_say() -> None:
    noisy = [float(number % 7) for number in range(70)]
    (_, row) = differences({"bare": [0.0] * 70, "noisy": noisy}, "bare")
    assert row.low <= 3.0 <= row.high
    assert row.low < row.high


def test_a_peer_that_is_missing_is_named_with_how_to_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    missing = Kind("somebody", needs=("somebody-else", "no_such_module"))
    assert present([KINDS[BARE], missing]) == [KINDS[BARE]]
    said = capsys.readouterr().err
    assert said == "somebody: not measured, since somebody-else is not installed: uv sync --group peers\n"


def test_a_bare_bot_knows_nothing_of_argus_otel_and_ours_does() -> None:
    with BackgroundSimulator(heartbeat_interval=3600) as simulator, taking_otlp() as taking:
        bare = startup.start(KINDS[BARE], simulator, taking.url)
        ours = startup.start(KINDS[OURS], simulator, taking.url)
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
    without, with_users = scrape.measure([KINDS[OURS]], rounds=3, shards=2, users=1000, commands=2)
    assert (without.shards, with_users.shards) == (2, 2)
    assert with_users.users == without.users + 1000
    assert abs(with_users.series - without.series) < 100  # a warning on a slow machine makes some
    for found in (without, with_users):
        rows = {row.name: row for row in found.costs["cpu"]}
        assert set(rows) == {scrape.NOTHING, scrape.CONTROL, scrape.SCRAPE}
        assert rows[scrape.SCRAPE].each > 0
        assert {"loop", "cpu", "late"} <= set(found.costs)
    assert "2 shards" in scrape.shown([without, with_users])


def test_a_paced_bot_is_used_and_its_processor_time_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced, "WARM_UP", 0.1)
    with taking_otlp() as taking:
        used, acts = paced.run(KINDS[CONTROL], taking, rate=40, seconds=1)
    assert acts > 10
    assert 0 < used < 1000


def test_a_soak_takes_in_the_events_that_it_says(tmp_path: Path) -> None:
    file = tmp_path / "soak.json"
    assert soak.main(["--events", "400", "--parts", "2", "--json", str(file)]) == 0
    found = json.loads(file.read_text(encoding="utf-8"))
    assert set(found) == {BARE, OURS}
    for parts in found.values():
        assert [{kind: part[kind] for kind in ("typing", "message", "slash")} for part in parts] == [
            {"typing": 120, "message": 70, "slash": 10},
            {"typing": 240, "message": 140, "slash": 20},
        ]
    assert found[OURS][-1]["ours"] > found[BARE][-1]["ours"]


@pytest.mark.parametrize("module", [paced, scrape, soak, startup])
def test_help_teaches(module: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])  # type: ignore[attr-defined]
    assert ended.value.code == 0
    assert "--json FILE" in capsys.readouterr().out


def test_otlp_is_taken() -> None:
    exporter = pytest.importorskip("opentelemetry.exporter.otlp.proto.grpc.trace_exporter")
    with taking_otlp() as taking:
        made = exporter.OTLPSpanExporter(endpoint=taking.url, insecure=True)
        assert made.export([]).name == "SUCCESS"
        made.shutdown()
    assert taking.requests == 1
