"""The dashboard for stores without ClickHouse: LogQL runs on a real Loki, TraceQL is parsed by Grafana's grammar of it.

No Tempo runs here, since not every proxy of Go modules has its module. So names of attributes are looked for in the
catalogue.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from argus_otel.catalogues import CATALOGUES
from discord_simulator import BackgroundSimulator
from lab.built import built
from lab.jukebox.crowd import Crowd
from lab.jukebox.world import PROCESSES, SHARDS, Process
from lab.loki import Loki
from lab.processes import wait_until
from tools.grafana.filling import FORMATS, Value
from tools.grafana.model import Dashboard, Target, shipped
from tools.grafana.session import Session
from tools.grafana.sources import Loki as Source
from tools.grafana.sources import Prometheus

from . import answer_checks, model_checks
from .answer_checks import Answers

(BOARD,) = (one for one in shipped() if "tempo" in one.plugins)
NOWHERE = Prometheus("http://127.0.0.1:9")
SERVICES = ("jukebox", "juke box (beta)")


def traceql(model: dict[str, Any] = BOARD.model, **typed: str) -> dict[str, str]:
    """Return each query of TraceQL as Tempo gets it, by where it is."""
    now = time.time()
    values = {"service": SERVICES[1], "name": "play", "trace": "ab" * 16, **typed}
    session = Session(Dashboard(model, "board"), NOWHERE, None, now - 60, now, typed=values)
    return {target.where: session.traceql(target) for target in session.dashboard.targets() if target.traceql}


def faults(queries: Sequence[str]) -> list[str]:
    """Return what is wrong with each query, by the grammar; empty texts if nothing is."""
    told = subprocess.run(
        [built("traceql")], input=json.dumps(queries), capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(told.stdout)


# -- TraceQL


@pytest.mark.parametrize("typed", [{}, {"name": "", "service": ""}, {"name": "`} {", "trace": '"'}], ids=str)
def test_traceql_is_right_whatever_is_typed(typed: dict[str, str]) -> None:
    queries = {where: text for where, text in traceql(**typed).items() if "Waterfall" not in where}
    assert len(queries) > 8
    assert dict(zip(queries, faults(list(queries.values())), strict=True)) == dict.fromkeys(queries, "")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("count_over_time()", "count_over_tim()"), ("&& status", "& status"), ("span.error.type", "spam.error.type")],
)
def test_a_fault_in_traceql_is_found(right: str, wrong: str) -> None:
    model = json.loads(json.dumps(BOARD.model).replace(right, wrong))
    assert any(faults(list(traceql(model).values())))


def unknown_attributes(model: dict[str, Any]) -> set[str]:
    """Return the attributes of spans that queries name, and that no span of ours has."""
    known = {name for catalogue in CATALOGUES for span in catalogue.spans for name in span.attributes}
    asked = {name for text in traceql(model).values() for name in re.findall(r"\bspan\.([\w.]+)", text)}
    assert len(asked) > 3
    return asked - known


def test_every_attribute_that_traceql_asks_for_is_on_a_span() -> None:
    assert unknown_attributes(BOARD.model) == set()
    changed = json.loads(json.dumps(BOARD.model).replace("span.error.type", "span.error.class"))
    assert unknown_attributes(changed) == {"error.class"}


def test_every_column_of_a_table_of_spans_is_selected() -> None:
    always = {"traceIdHidden", "traceService", "traceName", "spanID", "time", "name", "duration"}
    tables = [target for target in BOARD.targets() if target.model.get("tableType")]
    assert len(tables) > 1
    for target in tables:
        (keep, *_) = target.panel["transformations"]
        assert set(keep["options"]["include"]["names"]) - always == {
            name.strip().removeprefix("span.") for name in re.findall(r"select\((.+)\)", target.traceql)[0].split(",")
        }


def test_a_trace_and_a_name_that_are_typed_stay_within_their_literals() -> None:
    """Grafana's percent-encoding leaves no sign that ends one."""
    encoded = FORMATS["percentencode"]("it", Value(("`\"'{}|\\\n",)))
    assert re.fullmatch(r"[\w.~%-]+", encoded)
    for target in BOARD.targets():
        rest = re.sub(r"\$\{(name|trace):percentencode\}", "", target.traceql + target.logql)
        assert not re.search(r"\$\{?(name|trace)\b", rest), target.where


def test_a_query_that_does_not_keep_to_the_service_is_found() -> None:
    assert list(model_checks.variables_honoured(BOARD, lambda _: set())) == []
    model = copy.deepcopy(BOARD.model)
    panel = next(one for one in model["panels"] if one["title"] == "Errors in logs")
    panel["targets"][0]["expr"] = panel["targets"][0]["expr"].replace("$service", ".+")
    told = list(model_checks.variables_honoured(Dashboard(model, BOARD.name), lambda _: set()))
    assert told == ["'Errors in logs' A does not keep to $service"]


# -- LogQL


class Logged:
    """A Loki with the log lines of a busy bot, and the times between which they came."""

    def __init__(self, loki: Loki, began: float) -> None:
        self.source = Source(loki.url)
        self.began = began
        self.until = time.time()

    def answers(self, change: Callable[[str], str] = lambda text: text, **typed: str) -> Answers:
        """Ask every query of the dashboard, with a trace that has log lines."""
        model = json.loads(change(json.dumps(BOARD.model)))
        typed = {"trace": self.traced(), **typed}
        shown = Dashboard(model, BOARD.name)
        session = Session(shown, NOWHERE, None, self.began, self.until, typed=typed, loki=self.source)
        return Answers(session, _is_tempos)

    def traced(self) -> str:
        """Return the id of a trace that has log lines."""
        told = self.source.range('{service_name="jukebox"} | trace_id != ""', self.began, self.until, 1)["result"]
        return told[0]["stream"]["trace_id"]


def _is_tempos(target: Target) -> bool:
    return bool(target.traceql)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    """A busy bot that has sent its logs to Loki."""
    built("loki")
    directory = tmp_path_factory.mktemp("loki")
    loki = Loki(directory / "loki")
    with BackgroundSimulator(shards=SHARDS, guilds=12, heartbeat_interval=1.0) as simulator:
        bot = [
            Process(
                directory,
                number,
                simulator,
                ARGUS_HISTORY="false",
                OTEL_METRICS_EXPORTER="none",
                OTEL_TRACES_EXPORTER="console",
                OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=loki.otlp,
                OTEL_EXPORTER_OTLP_LOGS_PROTOCOL="http/protobuf",
            )
            for number in range(PROCESSES)
        ]
        try:
            loki.start()
            began = time.time()
            for process in bot:
                process.start()
            simulator.run(simulator.ready, SHARDS, 60.0)
            crowd = Crowd(simulator, rate=25)
            acting = threading.Thread(target=lambda: simulator.run(crowd.act))
            acting.start()
            source = Source(loki.url)
            has = '{service_name="jukebox"} | argus_exception_fingerprint != "" | trace_id != ""'
            wait_until(lambda: source.range(has, began, time.time(), 1)["result"], "an exception in a trace", 60)
            time.sleep(3)
            crowd.stop()
            acting.join(60)
            for process in bot:
                process.stop()
            yield Logged(loki, began)
        finally:
            for process in bot:
                process.kill()
            loki.kill()


@pytest.mark.parametrize("check", [answer_checks.refused, answer_checks.empty, answer_checks.shapes,
                                   answer_checks.columns], ids=lambda check: check.__name__)  # fmt: skip
def test_every_query_of_logql_has_an_answer(logged: Logged, check: Callable[[Answers], Iterator[str]]) -> None:
    found = logged.answers()
    assert len(found.frames) > 5
    assert list(check(found)) == []


def test_the_services_to_choose_are_those_that_have_logs(logged: Logged) -> None:
    assert logged.answers().session.options["service"] == ["jukebox"]


def test_another_service_has_nothing(logged: Logged) -> None:
    told = list(answer_checks.empty(logged.answers(service=SERVICES[1])))
    assert len(told) == sum(not _is_tempos(target) for target in BOARD.targets())


@pytest.mark.parametrize(
    ("check", "right", "wrong", "told"),
    [
        (answer_checks.refused, "count_over_time({", "count_over_tim({", "syntax error"),
        (answer_checks.empty, "argus_exception_fingerprint != ", "argus_exception_print != ", "is empty"),
        (answer_checks.columns, '"exception_type": "Exception"', '"exception.type": "Exception"', "exception.type"),
    ],
    ids=["refused", "empty", "columns"],
)
def test_a_fault_in_logql_is_found(
    logged: Logged, check: Callable[[Answers], Iterator[str]], right: str, wrong: str, told: str
) -> None:
    found = logged.answers(lambda text: text.replace(right, wrong))
    assert any(told in one for one in check(found))
