"""For each metric, span and event of checks: the number that is true, which services wrote down, and ours."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import ReadableSpan

from argus_otel import checks
from argus_otel.otel.events import OTelEvents
from argus_otel.sources.checks import api, catalogue, subscribers
from argus_otel.sources.checks import supervisor as supervisors
from argus_otel.sources.checks.catalogue import CATALOGUE
from argus_otel.telemetry import Event, Metric
from argus_otel.testing import Observation
from lab.lookout.services import BODY, RECORDS, SLOW, Request, Services
from lab.lookout.services import running as serving

from ..attribute_types import catalogued_types, mistyped
from ..truths import Truths
from .test_heartbeat import TOKEN, call
from .test_heartbeat import serving as answering
from .test_signals import running, until

# The services of the test and the agent share a process: with others beside them, runs would be disturbed.
pytestmark = pytest.mark.alone

FILE = """
defaults: {{interval: 1s, timeout: 900ms, retries: 1, confirm: {{down: 2, up: 1, every: 1s}}}}
checks:
  good: {{http: "http://127.0.0.1:{http}/good", service: shop, slo: {slo}}}
  slow: {{http: "http://127.0.0.1:{http}/slow", warn: {{duration: "< 100ms"}}, service: search, slo: {slo}}}
  bad: {{http: "http://127.0.0.1:{http}/bad", service: mail, slo: {slo}}}
  switched: {{http: "http://127.0.0.1:{http}/switched", service: cart}}
  hangs: {{http: "http://127.0.0.1:{http}/hangs", timeout: 1500ms, retries: 0, service: import}}
  below: {{http: "http://127.0.0.1:{http}/below", parents: [bad], service: mail, slo: {slo}}}
  secure: {{http: {{url: "https://127.0.0.1:{https}/secure", ca: "{authority}"}}, service: account}}
  moved: {{http: {{url: "http://127.0.0.1:{http}/moved", redirects: 1}}, service: shop}}
  name: {{dns: {{name: shop.example, server: "127.0.0.1:{dns}"}}, service: names}}
  nightly: {{heartbeat: {{every: 1h, token: {token}}}, service: jobs}}
"""
SLO = "{availability: 99.9%, latency: {under: 100ms, share: 95%}}"
REFUSED = "checks: {wrong: {http: 5}}"


@dataclass
class Evidence:
    """What the services wrote down, and what was told of it.

    Attributes
    ----------
    requests:
        The answered requests, by path without its slash.
    during, after:
        The points while the checks ran, and once they had stopped.
    running:
        The types of checks that were running while one request hung.
    reloads, told:
        How often the file was written, by whether it was right; how many changes there were for the subscriber that was
        too slow.
    blocked:
        For how many seconds the loop of the agent was held up.
    records:
        The log records of events, as an exporter of OpenTelemetry's gets them.
    """

    services: Services
    during: dict[str, list[tuple[dict[str, Any], float]]]
    after: dict[str, list[tuple[dict[str, Any], float]]]
    running: dict[str, float]
    spans: tuple[ReadableSpan, ...]
    events: list[tuple[str, dict[str, Any]]]
    rows: list[tuple[str, dict[str, Any], float | None]]
    began: float
    stopped: float
    beat: float
    reloads: dict[str, int]
    records: Sequence[ReadableLogRecord]
    requests: dict[str, list[Request]] = field(init=False)

    def __post_init__(self) -> None:
        self.requests = {}
        for request in self.services.requests:
            self.requests.setdefault(request.path[1:], []).append(request)

    def ours(self, metric: Metric, *, after: bool = False, by: str = "argus.check.name") -> dict[Any, float]:
        """Return a metric by one attribute, added up."""
        found: Counter[Any] = Counter()
        for attributes, value in (self.after if after else self.during).get(metric.name, []):
            found[attributes.get(by)] += value  # type: ignore[assignment]
        return dict(found)

    def told(self, event: Event) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.events if name == event.name]

    def kept(self, event: Event) -> list[dict[str, Any]]:
        return [attributes for name, attributes, _ in self.rows if name == event.name]

    def confirming(self, event: Event) -> set[tuple[str, str]]:
        """Return check and outcome of the runs whose spans the log records of an event have."""
        runs = {each.context.span_id: each for each in self.spans if each.name.startswith("check ")}
        found: set[tuple[str, str]] = set()
        for record in self._records_of(event):
            run = runs[record.span_id]
            assert run.context.trace_id == record.trace_id
            assert record.trace_flags.sampled
            attributes = dict(run.attributes or {})
            found.add((str(attributes["argus.check.name"]), str(attributes["argus.check.outcome"])))
        return found

    def traces(self, event: Event, check: str) -> set[str]:
        """Return the traces that the log records of an event of a check have."""
        records = self._records_of(event)
        return {f"{each.trace_id:032x}" for each in records if (each.attributes or {})["argus.check.name"] == check}

    def _records_of(self, event: Event) -> list[Any]:
        found = [each.log_record for each in self.records if each.log_record.event_name == event.name]
        assert found
        return found


TRUTHS = Truths[Evidence](CATALOGUE)


def block(seconds: float) -> None:
    """Hold the agent's loop up."""
    source = api._source
    assert source is not None
    done = threading.Event()

    def hold(_: object) -> None:
        time.sleep(seconds)
        done.set()

    source.call(hold)
    assert done.wait(10)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """Some seconds in the life of an agent."""
    directory = tmp_path_factory.mktemp("truth")
    path = directory / "checks.yaml"
    with pytest.MonkeyPatch.context() as patched, serving(directory / "services") as services:
        patched.setattr(supervisors, "LOOK_EVERY", 0.1)
        patched.setattr(subscribers, "WAITING", 1)
        text = FILE.format(
            http=services.http, https=services.https, dns=services.dns, authority=services.authority, token=TOKEN,
            slo=SLO,
        )  # fmt: skip
        stalled = threading.Event()

        @checks.on("status_changed")
        def stalls(change: checks.Change) -> None:
            stalled.wait(60)

        exporter, provider = InMemoryLogRecordExporter(), LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
        began = time.time()
        try:
            with running(path, text, state=directory / "state") as observed, answering(observed) as url:
                observed.telemetry.add_event_sink(OTelEvents(provider.get_logger("truth")))
                until(lambda: _told(observed, catalogue.FAILED) == {"bad", "hangs"})
                assert call(f"{url}/heartbeat/nightly")[0] == 200
                beat = time.time()
                _rewrite(observed, path, REFUSED, 1)
                _rewrite(observed, path, f"{text}# again\n", 2)
                services.on = False
                until(lambda: "switched" in _told(observed, catalogue.FAILED))
                services.on = True
                until(lambda: "switched" in _told(observed, catalogue.SUCCEEDED))
                services.renew(20)
                until(lambda: _told(observed, catalogue.CERTIFICATE_CHANGED))
                until(lambda: services.open)
                block(0.3)
                until(lambda: services.open)
                at_work = {
                    attributes["argus.check.type"]: value
                    for attributes, value in observed.points()["argus.check.running"]
                }
                time.sleep(2)
                during = observed.points()
                stopped = time.time()
                checks.stop()
                yield Evidence(
                    services,
                    during,
                    observed.points(),
                    at_work,
                    observed.spans(),
                    list(observed.events),
                    [(name, dict(attributes), seconds) for name, attributes, seconds in observed.rows],
                    began,
                    stopped,
                    beat,
                    {"failed": 1, "ok": 1},
                    exporter.get_finished_logs(),
                )
        finally:
            stalled.set()
            api.bind(None)


def _told(observed: Observation, event: Event) -> set[Any]:
    return {attributes["argus.check.name"] for name, attributes in observed.events if name == event.name}


def _rewrite(observed: Observation, path: Path, text: str, reloads: int) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)
    until(lambda: sum(name == catalogue.RELOADED.name for name, _ in observed.events) == reloads)


ANSWERED = ("good", "slow", "bad", "switched", "below", "secure")
"""The checks whose requests are answered."""

# Stopped in the middle, a request may have been answered and its run not ended.
ONE = 1


@TRUTHS.of(catalogue.RUNS)
def _(evidence: Evidence) -> None:
    runs: dict[str, Counter[tuple[str, str | None]]] = {}
    for attributes, value in evidence.after["argus.check.runs"]:
        key = attributes["argus.check.outcome"], attributes.get("error.type")
        runs.setdefault(str(attributes["argus.check.name"]), Counter())[key] += int(value)
    for name in ("good", "slow", "below", "secure", "moved"):
        assert abs(sum(runs[name].values()) - len(evidence.requests[name])) <= ONE, name
    assert abs(len(evidence.requests["moved"]) - len(evidence.requests["arrived"])) <= ONE
    assert set(runs["good"]) == set(runs["below"]) == set(runs["secure"]) == {("ok", None)}
    assert set(runs["slow"]) - {("unknown", "slow")} == {("warn", "slow")}, "unknown where the agent was held up"
    assert set(runs["bad"]) == {("failed", "status")}
    assert abs(2 * runs["bad"]["failed", "status"] - len(evidence.requests["bad"])) <= 2 * ONE
    failed = runs["switched"]["failed", "status"]
    assert abs(2 * failed - sum(each.status == 500 for each in evidence.requests["switched"])) <= 2 * ONE
    assert set(runs["hangs"]) == {("failed", "timeout")}
    assert abs(runs["name"]["ok", None] - evidence.services.asked) <= ONE


@TRUTHS.of(catalogue.RETRIES)
def _(evidence: Evidence) -> None:
    retries = evidence.ours(catalogue.RETRIES, after=True)
    assert set(retries) == {"bad", "switched"}
    assert abs(2 * retries["bad"] - len(evidence.requests["bad"])) <= 2 * ONE


@TRUTHS.of(catalogue.UP)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.UP) == {
        **dict.fromkeys(("good", "moved", "slow", "switched", "below", "secure", "name", "nightly"), 1.0), "bad": 0.0,
        "hangs": 0.0,
    }  # fmt: skip


@TRUTHS.of(catalogue.SUCCESS)
def _(evidence: Evidence) -> None:
    last = {name: float(evidence.requests[name][-1].status == 200) for name in ANSWERED}
    assert evidence.ours(catalogue.SUCCESS) == {**last, "moved": 1.0, "hangs": 0.0, "name": 1.0, "nightly": 1.0}


@TRUTHS.of(catalogue.STATE)
def _(evidence: Evidence) -> None:
    states = {
        attributes["argus.check.name"]: attributes["argus.check.state"]
        for attributes, value in evidence.during["argus.check.state"]
        if value == 1
    }
    up = dict.fromkeys(("good", "moved", "switched", "below", "secure", "name", "nightly"), "up")
    assert states == {**up, "slow": "degraded", "bad": "down", "hangs": "down"}
    assert {value for _, value in evidence.during["argus.check.state"]} == {0.0, 1.0}


@TRUTHS.of(catalogue.SINCE)
def _(evidence: Evidence) -> None:
    since = evidence.ours(catalogue.SINCE)
    for name in ("good", "below", "secure", "bad"):  # which never changed: since the slot of their first run
        assert 0 <= evidence.requests[name][0].began - since[name] <= 1.0, name
    back = next(each for each in reversed(evidence.requests["switched"]) if each.status == 500)
    assert back.began < since["switched"] + 0.2


@TRUTHS.of(catalogue.MUTED)
def _(evidence: Evidence) -> None:
    assert [attributes for attributes, _ in evidence.during["argus.check.muted"]] == [
        {
            "argus.check.name": "below",
            "argus.check.type": "http",
            "service.peer.name": "mail",
            "argus.check.mute.reason": "parent",
        }
    ]


@TRUTHS.of(catalogue.TRANSITIONS)
def _(evidence: Evidence) -> None:
    changes = {
        (attributes["argus.check.name"], attributes["argus.check.state"]): value
        for attributes, value in evidence.after["argus.check.transitions"]
    }
    assert changes["switched", "down"] == 1
    assert changes["switched", "up"] == 2
    assert changes["bad", "down"] == changes["hangs", "down"] == 1
    assert ("good", "down") not in changes


@TRUTHS.of(catalogue.DURATION)
def _(evidence: Evidence) -> None:
    counts = evidence.ours(catalogue.DURATION, after=True)
    for name in ("good", "slow", "below", "secure"):
        assert abs(counts[name] - len(evidence.requests[name])) <= ONE, name
    took = [seconds or 0 for event, row, seconds in evidence.rows
            if event == "argus.check.run" and row["argus.check.name"] == "slow"]  # fmt: skip
    served = [each.seconds for each in evidence.requests["slow"]]
    assert 0 <= min(took) - min(served) < 0.02


@TRUTHS.of(catalogue.LAST_DURATION)
def _(evidence: Evidence) -> None:
    last = evidence.ours(catalogue.LAST_DURATION)
    assert 0 <= last["slow"] - evidence.requests["slow"][-1].seconds < 0.1
    assert 1.0 <= last["hangs"] < 1.7


@TRUTHS.of(catalogue.PHASE_DURATION)
def _(evidence: Evidence) -> None:
    for event, row, seconds in evidence.rows:
        if event == catalogue.RUN_ROW.name and seconds:
            phases_of_run = [value for name, value in row.items() if name.startswith("argus.check.phase.")]
            assert sum(phases_of_run) <= seconds + 1e-9
            if row["argus.check.type"] == "http" and row["argus.check.outcome"] != "failed":
                assert sum(phases_of_run) == pytest.approx(seconds, abs=0.002)
    phases = {
        (attributes["argus.check.name"], attributes["argus.check.phase"]): value
        for attributes, value in evidence.during["argus.check.phase.duration"]
    }
    assert SLOW - 0.01 <= phases["slow", "first_byte"] < SLOW + 0.1
    assert {phase for name, phase in phases if name == "secure"} == {
        "dns", "connect", "tls", "send", "first_byte", "transfer",
    }  # fmt: skip
    assert not any(phase == "tls" for name, phase in phases if name != "secure")


@TRUTHS.of(catalogue.LAST_RUN)
def _(evidence: Evidence) -> None:
    last = evidence.ours(catalogue.LAST_RUN)
    for name in ("good", "slow", "below", "secure"):
        assert abs(evidence.requests[name][-1].began - last[name]) < 0.3, name


@TRUTHS.of(catalogue.LAST_HEARTBEAT)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.LAST_HEARTBEAT)["nightly"] == pytest.approx(evidence.beat, abs=0.5)


@TRUTHS.of(catalogue.HTTP_STATUS)
def _(evidence: Evidence) -> None:
    answered = {name: float(evidence.requests[name][-1].status) for name in ANSWERED}
    assert evidence.ours(catalogue.HTTP_STATUS) == {**answered, "moved": 200.0}


@TRUTHS.of(catalogue.RESPONSE_SIZE)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.RESPONSE_SIZE) == dict.fromkeys((*ANSWERED, "moved"), float(len(BODY)))


@TRUTHS.of(catalogue.DNS_ANSWERS)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.DNS_ANSWERS) == {"name": float(len(RECORDS))}


@TRUTHS.of(catalogue.CERTIFICATE_EXPIRY)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.CERTIFICATE_EXPIRY) == {"secure": evidence.services.ended}


@TRUTHS.of(catalogue.SLO_OBJECTIVE)
def _(evidence: Evidence) -> None:
    for slo, share in (("availability", 0.999), ("latency", 0.95)):
        assert _objectives(evidence, catalogue.SLO_OBJECTIVE, slo) == dict.fromkeys(
            ("good", "slow", "bad", "below"), share
        )


@TRUTHS.of(catalogue.SLO_KEPT)
def _(evidence: Evidence) -> None:
    # Nobody judges `below`, which is muted.
    assert _objectives(evidence, catalogue.SLO_KEPT, "availability") == {"good": 1.0, "slow": 1.0, "bad": 0.0}
    last = {name: float(evidence.requests[name][-1].seconds <= 0.1) for name in ("good", "slow")}
    assert _objectives(evidence, catalogue.SLO_KEPT, "latency") == {**last, "bad": 0.0}


@TRUTHS.of(catalogue.SLO_LATENCY)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.SLO_LATENCY) == dict.fromkeys(("good", "slow", "bad", "below"), 0.1)


def _objectives(evidence: Evidence, metric: Metric, slo: str) -> dict[Any, float]:
    points = [(attributes, value) for attributes, value in evidence.during[metric.name]
              if attributes["argus.check.slo"] == slo]  # fmt: skip
    assert {attributes["argus.check.slo.window"] for attributes, _ in points} == {"30d"}
    return {attributes["argus.check.name"]: value for attributes, value in points}


@TRUTHS.of(catalogue.LATENESS)
def _(evidence: Evidence) -> None:
    begun = sum(value for _, value in evidence.after["argus.check.lateness"])
    ended = sum(value for _, value in evidence.after["argus.check.runs"])
    assert 0 <= begun - ended <= evidence.services.open + ONE, "a run began for each that ended, but those stopped"


@TRUTHS.of(catalogue.SKIPPED)
def _(evidence: Evidence) -> None:
    skipped = evidence.ours(catalogue.SKIPPED, by="argus.check.skip.reason")
    hung = evidence.ours(catalogue.RUNS)["hangs"]
    # Each of its runs takes one and a half intervals, so that the next slot is left out.
    assert abs(skipped["overrun"] - hung) <= 2
    assert skipped["clock"] == 0


@TRUTHS.of(catalogue.DISTURBED)
def _(evidence: Evidence) -> None:
    disturbed = sum(value for _, value in evidence.after["argus.check.disturbed"])
    assert disturbed >= 1, "the loop was held up for 0.3 s in a run"
    assert disturbed == sum(bool(row.get("argus.check.disturbed")) for row in evidence.kept(catalogue.RUN_ROW))


@TRUTHS.of(catalogue.RELOADS)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.RELOADS, by="argus.check.reload.outcome") == evidence.reloads


@TRUTHS.of(catalogue.CONFIGURED)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.CONFIGURED, by="argus.check.type") == {"http": 8, "dns": 1, "heartbeat": 1}


@TRUTHS.of(catalogue.RUNNING)
def _(evidence: Evidence) -> None:
    assert 1 <= evidence.running["http"] <= 8, "one hung"
    assert set(evidence.running) == {"http", "dns", "heartbeat"}


@TRUTHS.of(catalogue.SUBSCRIBER_DROPPED)
def _(evidence: Evidence) -> None:
    changes = len(evidence.told(catalogue.STATUS_CHANGED))
    dropped = evidence.ours(catalogue.SUBSCRIBER_DROPPED, after=True, by="argus.check.event")["status_changed"]
    assert dropped == changes - 2, "it holds one, and one waits"


@TRUTHS.of(catalogue.CHECK_SPAN)
def _(evidence: Evidence) -> None:
    spans = [each for each in evidence.spans if each.name.startswith("check ")]
    runs = Counter(row["argus.check.name"] for row in evidence.kept(catalogue.RUN_ROW))
    assert Counter(dict(each.attributes or {})["argus.check.name"] for each in spans) == runs


@TRUTHS.of(catalogue.ATTEMPT_SPAN)
def _(evidence: Evidence) -> None:
    sent = {f"00-{each.context.trace_id:032x}-{each.context.span_id:016x}-01" for each in evidence.spans}
    requests = evidence.services.requests
    assert len({each.traceparent for each in requests}) == len(requests)
    assert len({each.traceparent for each in requests} - sent) <= ONE * len(ANSWERED), "a run that was stopped"
    known = [each for each in requests if each.traceparent in sent]
    assert len(known) > 20


@TRUTHS.of(catalogue.STATUS_CHANGED, catalogue.STATUS_ROW)
def _(evidence: Evidence) -> None:
    for told in (evidence.told(catalogue.STATUS_CHANGED), evidence.kept(catalogue.STATUS_ROW)):
        of_switched = [each["argus.check.state"] for each in told if each["argus.check.name"] == "switched"]
        assert of_switched == ["up", "down", "up"]
        assert Counter(each["argus.check.name"] for each in told) == {
            "switched": 3,
            **dict.fromkeys(("good", "moved", "slow", "bad", "hangs", "below", "secure", "name", "nightly"), 1),
        }
    failed = {("bad", "failed"), ("hangs", "failed"), ("switched", "failed")}
    confirming = evidence.confirming(catalogue.STATUS_CHANGED)
    assert {each for each in confirming if each[1] == "failed"} == failed
    assert evidence.traces(catalogue.STATUS_CHANGED, "bad") == evidence.traces(catalogue.FAILED, "bad")


@TRUTHS.of(catalogue.FAILED)
def _(evidence: Evidence) -> None:
    told = {each["argus.check.name"]: each["error.type"] for each in evidence.told(catalogue.FAILED)}
    assert told == {"bad": "status", "hangs": "timeout", "switched": "status"}
    assert len(evidence.told(catalogue.FAILED)) == 3
    assert evidence.confirming(catalogue.FAILED) == {("bad", "failed"), ("hangs", "failed"), ("switched", "failed")}
    for name in ("bad", "switched"):
        seen = {each.traceparent[3:35] for each in evidence.requests[name] if each.status != 200}
        assert evidence.traces(catalogue.FAILED, name) <= seen, "the service knows the trace, too"


@TRUTHS.of(catalogue.SUCCEEDED)
def _(evidence: Evidence) -> None:
    assert [each["argus.check.name"] for each in evidence.told(catalogue.SUCCEEDED)] == ["switched"]
    assert evidence.confirming(catalogue.SUCCEEDED) == {("switched", "ok")}


@TRUTHS.of(catalogue.SERVICE_CHANGED)
def _(evidence: Evidence) -> None:
    told = [(each["service.peer.name"], each["argus.check.state"]) for each in evidence.told(catalogue.SERVICE_CHANGED)]
    assert [state for service, state in told if service == "shop"] == ["up"]
    assert [state for service, state in told if service == "cart"] == ["up", "down", "up"]
    assert evidence.confirming(catalogue.SERVICE_CHANGED) >= {("switched", "failed"), ("switched", "ok")}


@TRUTHS.of(catalogue.CERTIFICATE_CHANGED)
def _(evidence: Evidence) -> None:
    (told,) = evidence.told(catalogue.CERTIFICATE_CHANGED)
    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(evidence.services.ended))
    assert (told["argus.check.name"], told["tls.server.not_after"]) == ("secure", ended)
    assert evidence.confirming(catalogue.CERTIFICATE_CHANGED) == {("secure", "ok")}


@TRUTHS.of(catalogue.RELOADED)
def _(evidence: Evidence) -> None:
    assert [each["argus.check.reload.outcome"] for each in evidence.told(catalogue.RELOADED)] == ["failed", "ok"]


@TRUTHS.of(catalogue.RUN_ROW)
def _(evidence: Evidence) -> None:
    kept = Counter(row["argus.check.name"] for row in evidence.kept(catalogue.RUN_ROW))
    for name in ("good", "slow", "below", "secure"):
        assert abs(kept[name] - len(evidence.requests[name])) <= ONE, name
    assert sum(kept.values()) == sum(value for _, value in evidence.after["argus.check.runs"])


@TRUTHS.of(catalogue.STATE_ROW)
def _(evidence: Evidence) -> None:
    hours = int(evidence.stopped // 3600) - int(evidence.began // 3600) + 1
    kept = Counter(row["argus.check.name"] for row in evidence.kept(catalogue.STATE_ROW))
    for name in ("good", "slow", "secure"):
        assert 1 <= kept[name] <= hours, name
    assert kept["below"] >= 2, "and once because its parent went down"


def test_there_is_a_truth_for_everything() -> None:
    assert TRUTHS.unmatched() == set()


@pytest.mark.parametrize("name", TRUTHS.all)
def test_it_is_true(evidence: Evidence, name: str) -> None:
    TRUTHS.all[name](evidence)


# Attributes of what does not happen here.
NOT_SEEN = {
    "argus.check.status_changed": {"argus.check.again", "argus.check.muted"},
    "argus.check.failed": {"argus.check.again", "argus.check.muted"},
    "argus.check.succeeded": {
        "argus.check.again", "argus.check.muted", "argus.check.condition", "argus.check.detail", "error.type",
    },
    "argus.check.status": {"argus.check.muted"},
}  # fmt: skip


def test_what_is_told_has_the_attributes_of_the_catalogue_and_no_other(evidence: Evidence) -> None:
    of_metrics: dict[str, set[str]] = {}
    for name, points in (*evidence.during.items(), *evidence.after.items()):
        of_metrics.setdefault(name, set()).update(*(attributes for attributes, _ in points))
    for metric in CATALOGUE.metrics:
        assert of_metrics[metric.name] == {each.name for each in metric.attributes}, metric.name
    of_events: dict[str, set[str]] = {}
    for name, attributes in (*evidence.events, *((event, row) for event, row, _ in evidence.rows)):
        of_events.setdefault(name, set()).update(attributes)
    for event in CATALOGUE.events:
        assert of_events[event.name] == set(event.attributes) - NOT_SEEN.get(event.name, set()), event.name


def test_spans_have_the_attributes_of_the_catalogue_and_no_other(evidence: Evidence) -> None:
    of_runs = set().union(*(each.attributes or {} for each in evidence.spans if each.name.startswith("check ")))
    of_attempts = set().union(*(each.attributes or {} for each in evidence.spans if not each.name.startswith("check ")))
    assert of_runs == set(catalogue.CHECK_SPAN.attributes)
    assert of_attempts == set(catalogue.ATTEMPT_SPAN.attributes)


def test_every_attribute_has_the_type_that_the_catalogue_says(evidence: Evidence) -> None:
    pairs = [attributes for points in evidence.during.values() for attributes, _ in points]
    pairs += [attributes for _, attributes in evidence.events]
    pairs += [dict(each.attributes or {}) for each in evidence.spans]
    assert mistyped(catalogued_types(CATALOGUE), pairs) == {}
