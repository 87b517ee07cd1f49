"""``heartbeat`` checks: jobs call in at a real endpoint."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from argus_otel import checks
from argus_otel.endpoint import Endpoint
from argus_otel.heartbeat import Heartbeat
from argus_otel.settings import Settings
from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import ExecutorContext, Probe
from argus_otel.sources.checks.file.checks_file import CheckFileError, parse
from argus_otel.sources.checks.kinds import heartbeat as heartbeats
from argus_otel.sources.checks.kinds.heartbeat import HeartbeatExecutor, HeartbeatOptions
from argus_otel.sources.checks.net.resolver import Resolver
from argus_otel.telemetry import Check, Telemetry
from argus_otel.testing import Observation

from .test_signals import events, point, running, until

TOKEN = "b7c4c6a2d1e0f395"
DEFAULTS = "defaults: {interval: 1s, timeout: 900ms, retries: 0, confirm: {down: 1, up: 1, every: 1s}}\n"


def a_file(options: str) -> str:
    return f"{DEFAULTS}checks:\n  nightly: {{heartbeat: {{{options}, token: {TOKEN}}}}}\n"


@contextmanager
def serving(observed: Observation) -> Iterator[str]:
    endpoint = Endpoint(Settings.resolve({}, {"endpoint_port": "0"}), observed.telemetry, None, dict, tuple)
    endpoint.start()
    try:
        yield endpoint.url
    finally:
        endpoint.stop()


def call(url: str, token: str = TOKEN, method: str = "POST", body: bytes = b"") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, body if method == "POST" else None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def failure(observed: Observation) -> str:
    return events(observed, "failed")[-1]["error.type"]


def test_a_job_that_calls_in_is_up_and_one_that_does_not_is_missing(tmp_path: Path) -> None:
    with running(tmp_path / "checks.yaml", a_file("every: 2s, grace: 1s")) as observed, serving(observed) as url:
        assert call(f"{url}/heartbeat/nightly") == (200, "OK\n")
        until(lambda: point(observed, "argus.check.up") == 1)
        assert point(observed, "argus.check.last.heartbeat")
        until(lambda: point(observed, "argus.check.up") == 0)
        assert failure(observed) == "missing"
        assert call(f"{url}/heartbeat/nightly")[0] == 200
        until(lambda: point(observed, "argus.check.up") == 1)


def test_a_job_that_never_called_is_missing_once_its_first_call_was_due(tmp_path: Path) -> None:
    with running(tmp_path / "checks.yaml", a_file("every: 1s, grace: 1s")) as observed:
        until(lambda: events(observed, "failed"))
        assert "no call has ever come" in events(observed, "failed")[0]["argus.check.detail"]


def test_fault_17_a_job_that_says_that_it_failed_is_down_at_once_and_not_counted_as_missing(tmp_path: Path) -> None:
    with running(tmp_path / "checks.yaml", a_file("every: 1d")) as observed, serving(observed) as url:
        call(f"{url}/heartbeat/nightly")
        until(lambda: point(observed, "argus.check.up") == 1)
        assert call(f"{url}/heartbeat/nightly/fail")[0] == 200
        until(lambda: point(observed, "argus.check.up") == 0)
        assert failure(observed) == "answer"
        call(f"{url}/heartbeat/nightly")
        until(lambda: point(observed, "argus.check.up") == 1)


def test_a_job_that_begins_is_measured_until_its_end(tmp_path: Path) -> None:
    with running(tmp_path / "checks.yaml", a_file("every: 1d")) as observed, serving(observed) as url:
        call(f"{url}/heartbeat/nightly/start")
        call(f"{url}/heartbeat/nightly")

        def runtime() -> object:
            found = checks.statuses()["nightly"][2]
            return None if found is None else found.last.facts.get("runtime")

        until(lambda: runtime() is not None)
        assert 0 <= float(runtime()) < 5  # type: ignore[arg-type]


def test_a_job_that_began_and_does_not_end_is_missing(tmp_path: Path) -> None:
    with running(tmp_path / "checks.yaml", a_file("every: 1d, runtime: 1s")) as observed, serving(observed) as url:
        call(f"{url}/heartbeat/nightly/start")
        until(lambda: events(observed, "failed"))
        assert "has not ended" in events(observed, "failed")[0]["argus.check.detail"]


def test_a_wrong_token_is_answered_as_a_name_that_does_not_exist(tmp_path: Path) -> None:
    with running(tmp_path / "checks.yaml", a_file("every: 1d")) as observed, serving(observed) as url:
        unknown = call(f"{url}/heartbeat/other")
        assert unknown[0] == 404
        assert call(f"{url}/heartbeat/nightly", "wrong-token") == unknown
        assert call(f"{url}/heartbeat/nightly", "") == unknown
        assert point(observed, "argus.check.last.heartbeat") is None


def test_a_monitor_that_can_set_only_a_url_calls_with_its_token_in_the_query(tmp_path: Path) -> None:
    with running(tmp_path / "checks.yaml", a_file("every: 1d")) as observed, serving(observed) as url:
        assert call(f"{url}/heartbeat/nightly?token={TOKEN}", "", "GET")[0] == 200
        until(lambda: point(observed, "argus.check.last.heartbeat"))


def test_a_program_with_argus_heartbeat_url_calls_while_it_is_ready(tmp_path: Path) -> None:
    program, ready = Telemetry(), True
    program.health.add_readiness(lambda: [Check("shard 0", ready)])
    with running(tmp_path / "checks.yaml", a_file("every: 1s, grace: 3s")) as observed, serving(observed) as url:
        heartbeat = Heartbeat(f"{url}/heartbeat/nightly?token={TOKEN}", program)
        heartbeat.interval = heartbeat.retry = 0.5
        heartbeat.start()
        try:
            until(lambda: point(observed, "argus.check.last.heartbeat"))
            assert events(observed, "failed") == []
            ready = False
            until(lambda: events(observed, "failed"))
            assert failure(observed) == "missing"
            ready = True
            until(lambda: events(observed, "succeeded"))
        finally:
            heartbeat.stop()


def test_more_calls_than_some_within_a_second_are_refused(tmp_path: Path) -> None:
    with running(tmp_path / "checks.yaml", a_file("every: 1d")) as observed, serving(observed) as url:
        assert 429 in [call(f"{url}/heartbeat/nightly")[0] for _ in range(20)]


def test_the_endpoint_takes_calls_only_where_a_heartbeat_is_configured(tmp_path: Path) -> None:
    text = f"{DEFAULTS}checks:\n  shop: {{tcp: '127.0.0.1:1'}}\n"
    with running(tmp_path / "checks.yaml", text) as observed, serving(observed) as url:
        assert call(f"{url}/heartbeat/nightly")[0] == 405
    with running(tmp_path / "checks.yaml", a_file("every: 1d")) as observed, serving(observed) as url:
        assert call(f"{url}/healthz")[0] == 405
        assert call(f"{url}/heartbeat/nightly", body=b"x" * 100_000)[0] == 200, "a body is not read"


# -- without waiting


class Clock:
    """The time of the kind, as the test sets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: float = 1_700_000_000.0) -> None:
        self.now = now
        monkeypatch.setattr(heartbeats, "_now", lambda: self.now)


def executor(directory: Path | None = None, **options: Any) -> tuple[HeartbeatExecutor, Probe[HeartbeatOptions]]:
    made = HeartbeatExecutor(ExecutorContext(Resolver(1), directory))
    given = HeartbeatOptions(token=TOKEN, **options)
    made.use({"nightly": given})
    return made, Probe("nightly", given, 1.0, {})


def judged(made: HeartbeatExecutor, probe: Probe[HeartbeatOptions]) -> ErrorType | None:
    try:
        asyncio.run(made.run(probe))
    except CheckError as error:
        return error.error_type
    return None


def test_fault_17_a_call_within_the_second_of_its_deadline_is_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    made, probe = executor(every=60.0, grace=10.0)
    made._answer("nightly", TOKEN.encode())
    clock.now += 70
    assert judged(made, probe) is None
    clock.now += 0.001
    assert judged(made, probe) is ErrorType.MISSING


@pytest.mark.parametrize("early", [0.0, 0.001, 0.5, 0.999])
def test_fault_17_calls_at_the_end_of_their_time_are_never_missing(
    monkeypatch: pytest.MonkeyPatch, early: float
) -> None:
    clock = Clock(monkeypatch, 1_700_000_000.75)
    monkeypatch.setattr(heartbeats, "_MOST_CALLS", 100)  # within a second of the host's clock, which stands still here
    made, probe = executor(every=60.0, grace=0.0)
    made._answer("nightly", TOKEN.encode())
    for _ in range(5):
        clock.now += 60 - early
        assert judged(made, probe) is None, "just before the call"
        made._answer("nightly", TOKEN.encode())
        assert judged(made, probe) is None, "just after it"
        clock.now += 0.999
        assert judged(made, probe) is None
        clock.now -= 0.999
    clock.now += 60.001
    assert judged(made, probe) is ErrorType.MISSING


def test_a_job_by_cron_is_missing_after_its_time_and_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    clock = Clock(monkeypatch, datetime(2026, 3, 27, 3, 20, tzinfo=berlin).timestamp())
    made, probe = executor(cron="0 3 * * *", timezone="Europe/Berlin", grace=3600.0)
    made._answer("nightly", TOKEN.encode())
    clock.now = datetime(2026, 3, 28, 3, 59, tzinfo=berlin).timestamp()
    assert judged(made, probe) is None
    clock.now = datetime(2026, 3, 28, 4, 0, 1, tzinfo=berlin).timestamp()
    assert judged(made, probe) is ErrorType.MISSING


def test_calls_are_kept_before_they_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    made, _ = executor(tmp_path / "state", every=60.0, grace=0.0)
    assert made._answer("nightly", TOKEN.encode()) == 200
    assert json.loads((tmp_path / "state" / "heartbeats.json").read_text())["nightly"]["last"] == clock.now
    clock.now += 30
    again, probe = executor(tmp_path / "state", every=60.0, grace=0.0)
    assert judged(again, probe) is None
    clock.now += 31
    assert judged(again, probe) is ErrorType.MISSING


def test_a_call_that_cannot_be_kept_is_not_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    (tmp_path / "state").write_text("a file where the directory should be")
    made, _ = executor(tmp_path / "state", every=60.0)
    assert made._answer("nightly", TOKEN.encode()) == 503


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("token: b7c4c6a2d1e0f395", "either `every: 1d` or `cron:"),
        ("token: b7c4c6a2d1e0f395, every: 1d, cron: '0 3 * * *'", "either `every: 1d` or `cron:"),
        ("every: 1d", "token is missing"),
        ("every: 1d, token: short", "at least 8 characters"),
        ("every: 1d, token: b7c4c6a2d1e0f395, cron: '0 25 * * *'", "is not five fields of cron"),
    ],
)
def test_options_that_are_wrong_are_mistakes_with_a_remedy(options: str, message: str) -> None:
    with pytest.raises(CheckFileError, match=message.replace("'", ".")):
        parse(
            f"checks: {{nightly: {{heartbeat: {{{options}}}}}}}",
            Path("checks.yaml"),
            {"heartbeat": HeartbeatExecutor(ExecutorContext(Resolver(1)))},
            {},
        )


def test_a_heartbeat_of_the_program_is_called_beside_those_of_the_file(tmp_path: Path) -> None:
    with running(tmp_path / "checks.yaml", a_file("every: 1h")) as observed, serving(observed) as url:
        checks.register("hourly", {"heartbeat": {"every": "1h", "token": "another-token"}, "interval": "1s"})
        until(lambda: call(f"{url}/heartbeat/hourly", "another-token")[0] == 200)
        until(lambda: point(observed, "argus.check.last.heartbeat", argus_check_name="hourly") is not None)
        assert call(f"{url}/heartbeat/nightly")[0] == 200
        assert call(f"{url}/heartbeat/nightly", "another-token")[0] == 404
        checks.delete("hourly")
        until(lambda: call(f"{url}/heartbeat/hourly", "another-token")[0] == 404)
        assert call(f"{url}/heartbeat/nightly")[0] == 200
