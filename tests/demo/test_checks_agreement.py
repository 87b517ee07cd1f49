"""The comparison of the services' ledger with the agent's metrics tells what differs, on either side."""

from __future__ import annotations

import pytest

from argus_otel.demo.checks import agreement, behaviours
from argus_otel.demo.checks.agreement import compare
from argus_otel.demo.checks.cast import CAST
from argus_otel.demo.row import Row
from argus_otel.scrape.exposition import parse

EXPOSITION = """\
# TYPE argus_check_runs_total counter
argus_check_runs_total{argus_check_name="basket",argus_check_outcome="ok"} 4.0
argus_check_runs_total{argus_check_name="basket",argus_check_outcome="failed",error_type="status"} 2.0
argus_check_runs_total{argus_check_name="login",argus_check_outcome="ok"} 2.0
# TYPE argus_check_retries_total counter
argus_check_retries_total{argus_check_name="login"} 2.0
# TYPE argus_check_transitions_total counter
argus_check_transitions_total{argus_check_name="basket",argus_check_state="up"} 1.0
argus_check_transitions_total{argus_check_name="basket",argus_check_state="down"} 1.0
argus_check_transitions_total{argus_check_name="login",argus_check_state="up"} 1.0
# TYPE argus_check_state gauge
argus_check_state{argus_check_name="basket",argus_check_state="up"} 0.0
argus_check_state{argus_check_name="basket",argus_check_state="down"} 1.0
argus_check_state{argus_check_name="login",argus_check_state="up"} 1.0
"""
BASKET = [behaviours.ANSWERED] * 4 + [behaviours.UNAVAILABLE] * 2
LOGIN = [behaviours.UNAVAILABLE, behaviours.ANSWERED] * 2
OF_BOTH = ("basket", "login")


@pytest.fixture(autouse=True)
def two_services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "CAST", tuple(part for part in CAST if part.name in OF_BOTH))


def rows(basket: list[str], login: list[str], exposition: str = EXPOSITION) -> dict[tuple[str, str], Row]:
    found = compare({"basket": basket, "login": login}, parse(exposition), 0)
    return {(row.subject, row.thing): row for row in found if row.subject != "agent"}


def differing(found: dict[tuple[str, str], Row]) -> set[tuple[str, str]]:
    return {key for key, row in found.items() if not row.agrees}


def test_deeds_are_turned_into_runs_retries_changes_and_statuses() -> None:
    found = rows(BASKET, LOGIN)
    assert differing(found) == set()
    assert {key: row.ledger for key, row in found.items()} == {
        ("connections", "basket"): 6,
        ("connections", "login"): 4,
        ("runs", "basket: good"): 4,
        ("runs", "basket: status"): 2,
        ("runs", "login: good"): 2,
        ("retries", "login"): 2,
        ("changes of status", "basket up"): 1,
        ("changes of status", "basket down"): 1,
        ("changes of status", "login up"): 1,
        ("status now", "basket down"): 1,
        ("status now", "login up"): 1,
    }


def test_an_answer_that_no_metric_has_differs() -> None:
    found = rows([*BASKET, behaviours.ANSWERED], LOGIN)
    assert differing(found) == {("connections", "basket"), ("runs", "basket: good")}


def test_a_run_that_no_service_has_seen_differs() -> None:
    seen_twice = EXPOSITION.replace('error_type="status"} 2.0', 'error_type="status"} 3.0')
    assert differing(rows(BASKET, LOGIN, seen_twice)) == {("connections", "basket"), ("runs", "basket: status")}


def test_a_run_with_another_verdict_differs_on_both_sides() -> None:
    mistaken = EXPOSITION.replace('error_type="status"', 'error_type="timeout"')
    assert differing(rows(BASKET, LOGIN, mistaken)) == {("runs", "basket: status"), ("runs", "basket: timeout")}


def test_a_change_that_was_not_told_differs() -> None:
    told = EXPOSITION.replace('transitions_total{argus_check_name="basket",argus_check_state="down"} 1.0', "x 1.0")
    assert differing(rows(BASKET, LOGIN, told)) == {("changes of status", "basket down")}


def test_a_status_that_lags_behind_differs() -> None:
    lagging = EXPOSITION.replace(
        'state{argus_check_name="basket",argus_check_state="up"} 0.0',
        'state{argus_check_name="basket",argus_check_state="up"} 1.0',
    ).replace(
        'state{argus_check_name="basket",argus_check_state="down"} 1.0\nargus_check_state',
        'state{argus_check_name="basket",argus_check_state="down"} 0.0\nargus_check_state',
    )
    assert differing(rows(BASKET, LOGIN, lagging)) == {("status now", "basket up"), ("status now", "basket down")}


def test_what_only_one_side_has_differs() -> None:
    assert all(not row.agrees for row in rows([], []).values())
    nothing = {key for key in rows(BASKET, LOGIN, "") if key[0] != "agent"}
    assert nothing == differing(rows(BASKET, LOGIN, ""))
