"""The points of gauges share their attributes, and follow the file."""

from __future__ import annotations

from pathlib import Path

from argus_otel.sources.checks import catalogue as c
from argus_otel.sources.checks.agent import CheckState
from argus_otel.sources.checks.executor import ExecutorContext
from argus_otel.sources.checks.executors import installed
from argus_otel.sources.checks.file.checks_file import parse
from argus_otel.sources.checks.gauges import CheckGauges
from argus_otel.sources.checks.net.resolver import Resolver
from argus_otel.telemetry import Telemetry

EXECUTORS = installed(ExecutorContext(Resolver()))


def states(*checks: str) -> dict[str, CheckState]:
    text = "checks: {" + ", ".join(checks) + "}"
    return {each.name: CheckState(each) for each in parse(text, Path("checks.yaml"), EXECUTORS, {}).checks}


def test_points_share_their_attributes_with_those_of_other_collections_and_gauges() -> None:
    telemetry, known = Telemetry(), states("a: {tcp: 'h:1'}", "b: {tcp: 'h:1'}")
    CheckGauges(telemetry, lambda: known).add()
    first, second = telemetry.points(c.STATE), telemetry.points(c.STATE)
    assert len(first) == 2 * 4
    assert all(one is other for (one, _), (other, _) in zip(first, second, strict=True))
    for state in known.values():
        state.judge.since = 1000
    (own, _), *_ = telemetry.points(c.SINCE)
    assert own == {"argus.check.name": "a", "argus.check.type": "tcp"}


def test_a_check_that_the_file_changes_has_new_attributes_and_one_that_is_gone_none() -> None:
    telemetry, known = Telemetry(), states("a: {tcp: 'h:1'}", "b: {tcp: 'h:1'}", "d: {tcp: 'h:1'}")
    CheckGauges(telemetry, lambda: known).add()
    telemetry.points(c.STATE)
    known = states("a: {tcp: 'h:1', service: shop}")
    found = [dict(attributes) for attributes, value in telemetry.points(c.STATE) if value]
    assert found == [
        {
            "argus.check.name": "a",
            "argus.check.type": "tcp",
            "service.peer.name": "shop",
            "argus.check.state": "unknown",
        }
    ]
