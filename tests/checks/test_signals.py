"""What an agent tells becomes metrics, spans, events and rows of history: real services, the real SDK."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme
from opentelemetry.trace import SpanKind

from argus_otel import checks, testing
from argus_otel.sources.checks import SPEC
from argus_otel.sources.checks import supervisor as supervisors
from argus_otel.sources.checks.event_ids import change_id, run_id
from argus_otel.sources.checks.kinds.http import HttpExecutor
from argus_otel.sources.checks.mutes import Mute, change_mutes
from argus_otel.testing import Observation, observe

from .services import Answering, Talk, http, service

DEFAULTS = "defaults: {interval: 1s, timeout: 900ms, retries: 1, confirm: {down: 2, up: 1, every: 1s}}\n"


@contextmanager
def served(talk: Talk, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Run a service on a thread of its own; yield its port."""
    loop = asyncio.new_event_loop()
    started: list[int] = []
    ready, done = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with service(talk, context) as port:
            started.append(port)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


until = partial(testing.until, timeout=15, interval=0.05)


@contextmanager
def running(path: Path, text: str, rate: float = 1.0, state: Path | None = None) -> Iterator[Observation]:
    """Run the checks of a file until the block ends; of those that are up, sample a share of the traces."""
    path.write_text(text)
    settings = {"checks_file": str(path), "checks_location": "fra1"}
    if state is not None:
        settings["checks_state"] = str(state)
    with observe("checks", settings=settings) as observed:
        observed.telemetry.rates.override({"checks": rate})
        until(checks.statuses)
        yield observed


def point(observed: Observation, metric: str, **attributes: str) -> float | None:
    """Return the value of the one point that has these attributes, whose dots are written as underscores."""
    found = [
        value
        for have, value in observed.points().get(metric, [])
        if all(have.get(name.replace("_", ".")) == value_ for name, value_ in attributes.items())
    ]
    assert len(found) <= 1, found
    return found[0] if found else None


def counted(observed: Observation, metric: str, **attributes: str) -> float:
    return sum(
        value
        for have, value in observed.points().get(metric, [])
        if all(have.get(name.replace("_", ".")) == value_ for name, value_ in attributes.items())
    )


def events(observed: Observation, name: str) -> list[dict[str, Any]]:
    return [attributes for event, attributes in observed.events if event == f"argus.check.{name}"]


def rows(observed: Observation, name: str) -> list[dict[str, Any]]:
    return [dict(attributes) for event, attributes, _ in observed.rows if event == f"argus.check.{name}"]


def a_check(port: int, more: str = "", scheme: str = "http") -> str:
    return f"{DEFAULTS}checks:\n  shop: {{http: '{scheme}://127.0.0.1:{port}/health?key=s3cret', service: web{more}}}\n"


class Switched:
    """Answers with 200, or with 500 while it is off."""

    def __init__(self) -> None:
        self.on = True
        self.heads: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
        writer.write(http(b"ready", "200 OK" if self.on else "500 Internal Server Error"))


def test_each_run_is_counted_and_measured(tmp_path: Path) -> None:
    answering = Answering(http(b"hello"))
    with served(answering) as port, running(tmp_path / "checks.yaml", a_check(port)) as observed:
        until(lambda: counted(observed, "argus.check.runs") >= 3)
        checks.stop()
        requests = len(answering.heads)
        assert counted(observed, "argus.check.runs", argus_check_outcome="ok") == requests
        assert counted(observed, "argus.check.duration", argus_check_name="shop") == requests
        assert counted(observed, "argus.check.lateness") >= requests
        assert len(rows(observed, "run")) == requests
        ids = {"argus.check.name", "argus.check.type", "service.peer.name"}
        assert all(ids <= row.keys() for row in rows(observed, "run"))


def test_history_is_told_the_state_in_each_hour_and_when_a_check_is_muted(tmp_path: Path) -> None:
    def mute(mutes: dict[str, Mute]) -> None:
        change_mutes(tmp_path / "state", lambda known: (known.clear(), known.update(mutes)), int(time.time() * 1000))

    with (
        served(Answering(http(b"hello"))) as port,
        running(tmp_path / "checks.yaml", a_check(port), state=tmp_path / "state") as observed,
    ):
        until(lambda: rows(observed, "state"))
        mute({"sh*": Mute(2**60)})
        until(lambda: rows(observed, "state")[-1].get("argus.check.muted") == "manual")
        until(lambda: any("argus.check.muted" in row for row in rows(observed, "run")))
        mute({})
        until(lambda: "argus.check.muted" not in rows(observed, "state")[-1])
        checks.stop()
        first, *others = rows(observed, "state")
        slots = [row["argus.check.slot"] for row in rows(observed, "run")]
        assert first == {
            "argus.check.name": "shop",
            "argus.check.type": "http",
            "service.peer.name": "web",
            "argus.check.state": "up",
            "argus.check.since": slots[0],
            "argus.check.state.holds": 7200,
        }
        # Two because of the mute, and one more if a new hour has begun.
        assert len(others) == 2 + len({slot // 3_600_000 for slot in slots}) - 1
        [change] = rows(observed, "status")
        assert change["argus.check.state.holds"] == 7200


def test_the_last_run_is_shown_by_gauges_and_what_a_kind_has_not_is_absent(tmp_path: Path) -> None:
    with served(Answering(http(b"hello"))) as port:
        text = a_check(port, ", labels: {team: shop}")
        with running(tmp_path / "checks.yaml", text) as observed:
            until(lambda: point(observed, "argus.check.up") == 1)
            shown = {name for name in observed.points() if name.startswith("argus.check.")}
            assert point(observed, "argus.check.up", team="shop", service_peer_name="web") == 1
            assert point(observed, "argus.check.http.status") == 200
            assert point(observed, "argus.check.response.size") == 5
            assert point(observed, "argus.check.state", argus_check_state="up") == 1
            assert point(observed, "argus.check.state", argus_check_state="down") == 0
            assert point(observed, "argus.check.configured", argus_check_type="http") == 1
            phases = observed.points()["argus.check.phase.duration"]
            assert {attributes["argus.check.phase"] for attributes, _ in phases} == {
                "dns", "connect", "send", "first_byte", "transfer",
            }  # fmt: skip
            assert sum(value for _, value in phases) <= (point(observed, "argus.check.last.duration") or 0) + 1e-9
            absent = {"certificate.expiry", "dns.answers", "last.heartbeat", "muted"}
            assert not {f"argus.check.{name}" for name in absent} & shown


def test_the_expiry_of_a_certificate_is_shown_and_its_change_told(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    with served(Answering(http(b"")), context) as port:
        text = (
            f"{DEFAULTS}checks:\n  shop: {{http: {{url: 'https://127.0.0.1:{port}/', ca: '{tmp_path / 'ca.pem'}'}}}}\n"
        )
        with running(tmp_path / "checks.yaml", text) as observed:
            until(lambda: point(observed, "argus.check.certificate.expiry"))
            assert (point(observed, "argus.check.certificate.expiry") or 0) > time.time()
            assert events(observed, "certificate_changed") == []
            time.sleep(1)
            later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=20)
            authority.issue_cert("127.0.0.1", not_after=later).configure_cert(context)
            until(lambda: events(observed, "certificate_changed"))
            (told,) = events(observed, "certificate_changed")
            assert told["tls.server.not_after"].startswith(later.strftime("%Y-%m-%dT%H:%M"))


def test_a_change_is_told_once_with_its_cause(tmp_path: Path) -> None:
    switched = Switched()
    with served(switched) as port, running(tmp_path / "checks.yaml", a_check(port)) as observed:
        until(lambda: events(observed, "status_changed"))
        switched.on = False
        until(lambda: len(events(observed, "status_changed")) == 2)
        switched.on = True
        until(lambda: len(events(observed, "status_changed")) == 3)
        until(lambda: point(observed, "argus.check.up") == 1)
        changes = events(observed, "status_changed")
        assert [each["argus.check.state"] for each in changes] == ["up", "down", "up"]
        down = changes[1]
        assert down["error.type"] == "status"
        assert down["argus.check.condition"] == "status: 2xx"
        assert down["argus.check.detail"] == "status is 500, not 2xx"
        assert down["argus.check.event.id"] == change_id("shop", "fra1", down["argus.check.since"], 0)
        assert len(events(observed, "failed")) == len(events(observed, "succeeded")) == 1
        services = [
            (each["argus.check.state.before"], each["argus.check.state"])
            for each in events(observed, "service_changed")
        ]
        assert services == [("unknown", "up"), ("up", "down"), ("down", "up")]
        assert [row["argus.check.state"] for row in rows(observed, "status")] == ["up", "down", "up"]
        assert counted(observed, "argus.check.transitions", argus_check_state="down") == 1
        assert counted(observed, "argus.check.retries") >= 2, "each failed run has a second attempt"


def test_a_confirmed_failure_has_its_trace_on_both_sides(tmp_path: Path) -> None:
    switched = Switched()
    switched.on = False
    with served(switched) as port, running(tmp_path / "checks.yaml", a_check(port), rate=0) as observed:
        until(lambda: events(observed, "failed"))
        checks.stop()
        spans = observed.spans()
        attempts = {
            f"{span.context.trace_id:032x}-{span.context.span_id:016x}": span for span in spans if span.name == "GET"
        }
        sent = [head.partition("traceparent: 00-")[2][:49] for head in switched.heads]
        assert len(sent) >= 4
        assert set(sent) == set(attempts)
        runs = {span.context.span_id: span for span in spans if span.name == "check shop"}
        attempt = attempts[sent[0]]
        run = runs[attempt.parent.span_id]  # type: ignore[union-attr]
        attributes = dict(attempt.attributes or {})
        assert attributes["url.full"] == f"http://127.0.0.1:{port}/health?key=REDACTED"
        assert attributes["http.response.status_code"] == 500
        assert attributes["network.peer.address"] == "127.0.0.1"
        assert attributes["error.type"] == "status"
        assert [event.name for event in attempt.events] == ["dns", "connect", "send", "first_byte", "transfer"]
        assert dict(run.attributes or {})["argus.check.attempts"] == 2


class Moved:
    """Redirects /health twice, the second time with what must not be told; then answers with 500."""

    def __init__(self) -> None:
        self.heads: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.heads.append(head)
        port = writer.get_extra_info("sockname")[1]
        location = {"/health": "/second", "/second": f"http://user:pa55@127.0.0.1:{port}/third?key=s3cret#fragm3nt"}
        path = head.split()[1].partition("?")[0]
        moved = path in location
        headers = [f"location: {location[path]}"] if moved else []
        writer.write(http(b"", "302 Found" if moved else "500 Internal Server Error", *headers))


def test_each_redirect_has_a_span_of_its_own_which_the_service_that_it_leads_to_continues(tmp_path: Path) -> None:
    moved = Moved()
    with served(moved) as port:
        text = a_check(port).replace("{http: 'http", "{http: {redirects: 5, url: 'http").replace("', serv", "'}, serv")
        with running(tmp_path / "checks.yaml", text, rate=0) as observed:
            until(lambda: events(observed, "failed"))
            checks.stop()
            spans = observed.spans()
    run = next(span for span in spans if span.name == "check shop")
    below = [span for span in spans if span.parent is not None and span.parent.span_id == run.context.span_id]
    assert len(below) == 6, "two attempts of three requests"
    first, second, third = (dict(span.attributes or {}) for span in below[:3])
    assert [each["url.full"].partition(str(port))[2] for each in (first, second, third)] == [
        "/health?key=REDACTED",
        "/second",
        "/third?key=REDACTED",
    ]
    assert [each["http.response.status_code"] for each in (first, second, third)] == [302, 302, 500]
    assert [each.get("http.request.resend_count") for each in (first, second, third)] == [None, 1, 2]
    assert [each.get("error.type") for each in (first, second, third)] == [None, None, "status"]
    assert [each.get("argus.check.outcome") for each in (first, second, third)] == [None, None, "failed"]
    for span in below:
        assert span.kind is SpanKind.CLIENT
        assert [event.name for event in span.events] == ["dns", "connect", "send", "first_byte", "transfer"]
        attributes = dict(span.attributes or {})
        assert attributes["network.peer.address"] == "127.0.0.1"
        seconds = [value for name, value in attributes.items() if name.startswith("argus.check.phase.")]
        assert len(seconds) == 5
        assert 0 < sum(seconds) <= (span.end_time - span.start_time) / 1e9
    sent = [head.partition("traceparent: 00-")[2][:49] for head in moved.heads[:6]]
    assert sent == [f"{span.context.trace_id:032x}-{span.context.span_id:016x}" for span in below]
    told = repr((observed.events, [span.to_json() for span in spans]))
    assert not [secret for secret in ("pa55", "s3cret", "fragm3nt") if secret in told]


def test_a_redirect_that_is_not_followed_is_the_last_request(tmp_path: Path) -> None:
    with served(Answering(http(b"", "302 Found", "location: file:///etc/passwd"))) as port:
        text = a_check(port).replace("{http: 'http", "{http: {redirects: 5, url: 'http").replace("', serv", "'}, serv")
        with running(tmp_path / "checks.yaml", text) as observed:
            until(lambda: events(observed, "failed"))
            checks.stop()
            attempts = [span for span in observed.spans() if span.kind is SpanKind.CLIENT]
    assert {dict(span.attributes or {})["error.type"] for span in attempts} == {"blocked"}
    assert not [span for span in attempts if "http.request.resend_count" in (span.attributes or {})]


def test_an_executor_that_cannot_describe_its_span_costs_the_description_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: HttpExecutor, options: object) -> dict[str, str]:
        raise RuntimeError("broken")

    monkeypatch.setattr(HttpExecutor, "span_attributes", broken)
    with served(Switched()) as port, running(tmp_path / "checks.yaml", a_check(port)) as observed:
        until(lambda: point(observed, "argus.check.up") == 1)
        checks.stop()
        attempts = [span for span in observed.spans() if span.kind is SpanKind.CLIENT]
        assert attempts
        assert {span.name for span in attempts} == {"http"}
        assert all("url.full" not in (span.attributes or {}) for span in attempts)


def test_a_check_that_is_up_is_sampled_by_its_rate(tmp_path: Path) -> None:
    switched = Switched()
    with served(switched) as port, running(tmp_path / "checks.yaml", a_check(port), rate=0) as observed:
        until(lambda: len(switched.heads) >= 4)
        checks.stop()
        traced = [head for head in switched.heads if "traceparent" in head]
        assert len(traced) == 1, "only the run that made it up"
        assert len(observed.spans()) == 2


def test_nothing_that_leaves_has_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "t0ken-of-the-shop")
    answering = Answering(http(b"the body says t0ken-of-the-shop", "401 Unauthorized"))
    with served(answering) as port:
        headers = "headers: {authorization: 'Bearer ${env:SHOP_TOKEN}'}"
        text = f"{DEFAULTS}checks:\n  shop: {{http: {{url: 'http://127.0.0.1:{port}/?key=s3cret', {headers}}}}}\n"
        with running(tmp_path / "checks.yaml", text) as observed:
            until(lambda: events(observed, "failed"))
            told = repr(
                (observed.events, observed.rows, observed.points(), [span.to_json() for span in observed.spans()])
            )
            told += repr(observed.telemetry.health.describe())
    assert "authorization: Bearer t0ken-of-the-shop" in answering.heads[0].lower().replace("bearer", "Bearer")
    assert "t0ken" not in told
    assert "s3cret" not in told


def test_a_wrong_file_is_a_failed_part_until_it_is_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisors, "LOOK_EVERY", 0.1)
    path = tmp_path / "checks.yaml"
    path.write_text("checks: {shop: {http: {ur: 'http://127.0.0.1'}}}")
    with served(Switched()) as port, observe("checks", settings={"checks_file": str(path)}) as observed:

        def state() -> str:
            part = observed.telemetry.health.parts("checks").get("checks")
            return "" if part is None else part.state.value

        until(lambda: state() == "failed")
        assert "checks.yaml:1:28: checks.shop.http.ur: unknown key 'ur'; did you mean 'url'?" in caplog.text
        path.write_text(a_check(port))
        until(lambda: point(observed, "argus.check.up") == 1)
        assert state() == "ok"


def test_a_service_that_was_known_before_a_restart_changes_from_what_it_was(tmp_path: Path) -> None:
    path, switched = tmp_path / "checks.yaml", Switched()
    kept = {"checks_file": str(path), "checks_state": str(tmp_path / "state")}
    with served(switched) as port:
        path.write_text(a_check(port))
        with observe("checks", settings=kept) as observed:
            until(lambda: point(observed, "argus.check.up") == 1)
        switched.on = False
        with observe("checks", settings=kept) as observed:
            until(lambda: events(observed, "failed"))
            services = events(observed, "service_changed")
    assert (services[-1]["argus.check.state.before"], services[-1]["argus.check.state"]) == ("up", "down")


def test_a_reload_is_counted_by_its_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisors, "LOOK_EVERY", 0.1)
    path = tmp_path / "checks.yaml"
    with served(Switched()) as port, running(path, a_check(port)) as observed:
        path.write_text("checks: [")
        until(lambda: counted(observed, "argus.check.reloads", argus_check_reload_outcome="failed") == 1)
        path.write_text(a_check(port).replace("shop", "store"))
        until(lambda: counted(observed, "argus.check.reloads", argus_check_reload_outcome="ok") == 1)
        until(lambda: point(observed, "argus.check.up", argus_check_name="store") == 1)
        assert [each["argus.check.reload.outcome"] for each in events(observed, "reloaded")] == ["failed", "ok"]


def test_a_run_of_two_agents_at_one_place_is_one_event() -> None:
    assert run_id("shop", "fra1", 1000, 0) == run_id("shop", "fra1", 1000, 0)
    others = {run_id("shop", "fra1", 1000, 1), run_id("shop", "fra2", 1000, 0), change_id("shop", "fra1", 1000, 0)}
    assert len({run_id("shop", "fra1", 1000, 0), *others}) == 4


# -- the functions of argus_otel.checks


def test_subscribers_learn_of_changes_and_cannot_stall_the_checks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    switched, told = Switched(), []
    released = threading.Event()

    @checks.on("status_changed")
    def stalls(change: checks.Change) -> None:
        released.wait(20)

    @checks.on("status_changed")
    def breaks(change: checks.Change) -> None:
        raise RuntimeError("the subscriber's own fault")

    @checks.on("status_changed")
    async def tells(change: checks.Change) -> None:
        told.append(change.after)

    with served(switched) as port, running(tmp_path / "checks.yaml", a_check(port)) as observed:
        until(lambda: told == [checks.Status.UP])
        switched.on = False
        until(lambda: told == [checks.Status.UP, checks.Status.DOWN])
        assert counted(observed, "argus.check.runs") >= 3
        released.set()
    assert "breaks" in caplog.text


def test_an_event_that_does_not_exist_is_an_error_that_names_those_that_do() -> None:
    with pytest.raises(ValueError, match="there is no event 'change'; there are status_changed, failed"):
        checks.on("change")  # type: ignore[arg-type]


def test_functions_and_definitions_of_the_program_are_checks_too() -> None:
    calls: list[str] = []
    broken = threading.Event()
    with served(Switched()) as port, observe("checks") as observed:

        @checks.check("pool", every=1, retries=0)
        def pool() -> None:
            calls.append("pool")
            if broken.is_set():
                raise ConnectionError("postgres://user:pass@db")

        checks.register("web", {"http": f"http://127.0.0.1:{port}/", "interval": "1s"})
        checks.start()
        until(lambda: point(observed, "argus.check.up", argus_check_name="pool") == 1)
        until(lambda: point(observed, "argus.check.up", argus_check_name="web") == 1)
        broken.set()
        until(lambda: point(observed, "argus.check.up", argus_check_name="pool") == 0, timeout=30)
        assert "pass@db" not in repr(observed.events)
        checks.delete("web")
        until(lambda: set(checks.statuses()) == {"pool"})
    assert calls


def test_a_secret_in_the_path_of_a_url_does_not_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "t0ken-of-the-hook")
    switched = Switched()
    with served(switched) as port:
        text = f"{DEFAULTS}checks:\n  shop: {{http: 'http://127.0.0.1:{port}/hook/${{env:HOOK}}?t0ken-alone'}}\n"
        with running(tmp_path / "checks.yaml", text) as observed:
            until(lambda: events(observed, "status_changed"))
            spans = repr([span.to_json() for span in observed.spans()])
    assert "/hook/t0ken-of-the-hook" in switched.heads[0]
    assert "url.full" in spans
    assert "t0ken" not in spans


def test_checks_that_were_stopped_can_be_started_again(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    with served(Switched()) as port, observe("checks") as observed:
        path.write_text(a_check(port))
        checks.start(path)
        checks.stop()
        runs = counted(observed, "argus.check.runs")
        time.sleep(1.5)
        assert counted(observed, "argus.check.runs") == runs, "it was stopped as soon as it had been started"
        checks.start(path)
        until(lambda: counted(observed, "argus.check.runs") > runs)


def test_the_location_is_that_of_the_settings_or_the_file_or_the_host(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text("location: fra9\n" + a_check(1))
    with observe("checks", settings={"checks_file": str(path), "checks_location": "fra1"}) as observed:
        assert observed.handle.resource() == {"argus.check.location": "fra1"}
    with observe("checks", settings={"checks_file": str(path)}) as observed:
        assert observed.handle.resource() == {"argus.check.location": "fra9"}
    path.write_text(a_check(1))
    with observe("checks", settings={"checks_file": str(path)}) as observed:
        assert observed.handle.resource() == {"argus.check.location": socket.gethostname()}


def test_a_location_that_the_file_has_from_a_variable_is_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE", "fra9")
    path = tmp_path / "checks.yaml"
    path.write_text("location: ${env:PLACE}\n" + a_check(1))
    with observe("checks", settings={"checks_file": str(path)}) as observed:
        assert observed.handle.resource() == {"argus.check.location": "fra9"}


def test_a_source_that_cannot_say_whether_it_is_asked_for_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SPEC, "asked_for", "json:loads")  # which raises: settings are no text
    with observe("checks") as observed:
        assert not observed.handle.starts_with_others
        assert observed.telemetry.health.parts("source:checks")["source:checks"].state.value == "ok", "it starts later"
