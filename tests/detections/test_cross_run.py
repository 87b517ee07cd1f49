"""Rules that compare runs: each finds what it is for, and keeps silent over what chance explains."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings, strategies

from argus_otel.detections import cross_run, detect
from argus_otel.detections.cross_run import RULES, Behaviour, NodeBehaviour, drifts
from argus_otel.detections.facts import CUT
from argus_otel.detections.findings import Layer, Severity

Found = set[tuple[str, str, str]]


def node(visits: int = 100, **more: object) -> NodeBehaviour:
    return NodeBehaviour(visits, visits, **more)  # type: ignore[arg-type]


def found(then: NodeBehaviour, now: NodeBehaviour) -> Found:
    one, other = Behaviour(100, nodes={"search": then}), Behaviour(20, nodes={"search": now})
    return {(each.rule, each.node, each.subject) for each in drifts(one, other)}


def wrote(**kinds: dict[str, int]) -> dict[str, Counter[str]]:
    return {key: Counter(counts) for key, counts in kinds.items()}


def test_every_rule_says_what_it_is() -> None:
    assert [rule.id for rule in RULES] == [
        "baseline_key", "baseline_type", "baseline_route", "baseline_error", "baseline_cost", "baseline_latency",
    ]  # fmt: skip
    assert {(rule.layer, rule.severity) for rule in RULES} == {(Layer.CROSS_RUN, Severity.WARN)}
    assert {rule.id for rule in RULES}.isdisjoint(rule.id for rule in detect.RULES)


# -- keys and classes

DOCS = wrote(docs={"list": 100})


def test_a_key_that_is_no_longer_written() -> None:
    assert found(node(written=DOCS), node(20)) == {("baseline_key", "search", "docs")}
    assert found(node(written=wrote(docs={"list": 60, "tuple": 36})), node(20)) == {("baseline_key", "search", "docs")}


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (node(written=wrote(docs={"list": 94})), node(20)),  # it never was usual
        (node(written=DOCS), node(20, written=wrote(docs={"list": 1}))),  # it is still written
        (node(written=DOCS), node(0)),  # the node did not run
        (node(9, written=wrote(docs={"list": 9})), node(20)),  # too little is known
        (node(10, written=wrote(docs={"list": 10})), node(1)),  # one visit of many may be without
        (node(written=wrote(docs={"list": 96})), node(1)),
        (node(written=DOCS), node(20, written={CUT: Counter({"": 20})})),  # it may be among those left out
    ],
)
def test_a_key_that_may_still_be_written(then: NodeBehaviour, now: NodeBehaviour) -> None:
    assert found(then, now) == set()


def test_a_class_that_a_key_never_had() -> None:
    now = node(20, written=wrote(docs={"list": 18, "str": 2}))
    assert found(node(written=DOCS), now) == {("baseline_type", "search", "docs: str")}
    [drift] = drifts(Behaviour(100, nodes={"search": node(written=DOCS)}), Behaviour(20, nodes={"search": now}))
    assert (drift.then, drift.now, drift.unit) == (0.0, 0.1, "share")


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (wrote(docs={"list": 99, "str": 1}), wrote(docs={"str": 20})),  # it had it once
        (wrote(docs={"list": 9}), wrote(docs={"str": 20})),  # too little is known
        ({}, wrote(docs={"str": 20})),  # a new key
        ({CUT: Counter({"": 100})}, wrote(docs={"str": 20})),
    ],
)
def test_a_class_that_is_not_new(then: dict[str, Counter[str]], now: dict[str, Counter[str]]) -> None:
    assert found(node(written=then), node(20, written=now)) == set()


# -- routes


def routes(**counts: int) -> Counter[str]:
    return Counter(counts)


def test_a_route_whose_share_has_moved() -> None:
    then, now = node(200, routes=routes(tools=100, write=100)), node(20, routes=routes(tools=19, write=1))
    assert found(then, now) == {("baseline_route", "search", "tools"), ("baseline_route", "search", "write")}
    assert found(node(routes=routes(tools=100)), node(20, routes=routes(write=20))) == {
        ("baseline_route", "search", "tools"),
        ("baseline_route", "search", "write"),
    }


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (node(200, routes=routes(tools=100, write=100)), node(20, routes=routes(tools=14, write=6))),  # 20 points
        (node(200, routes=routes(tools=100, write=100)), node(4, routes=routes(tools=4))),  # chance
        (node(routes=routes(tools=100)), node(20, routes=routes(tools=20))),
        (node(routes=routes(tools=100)), NodeBehaviour(20, 0)),  # each was interrupted
    ],
)
def test_a_route_that_is_as_ever(then: NodeBehaviour, now: NodeBehaviour) -> None:
    assert found(then, now) == set()


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.8])
def test_the_same_coin_seldom_drifts(share: float) -> None:
    """3 standard errors leave a few of 1000; of 20 throws of a coin alone, 60 would move by more than 20 points."""
    dice = random.Random(1)  # noqa: S311 - so that each run throws the same
    alarms = 0
    for _ in range(1000):
        sides = [Counter("ab"[dice.random() < share] for _ in range(number)) for number in (200, 20)]
        alarms += bool(found(*(node(sum(each.values()), routes=each) for each in sides)))
    assert alarms <= 8


@given(
    strategies.dictionaries(
        strategies.sampled_from(["docs", "note", "score"]),
        strategies.dictionaries(strategies.sampled_from(["list", "str", "int"]), strategies.integers(1, 50)),
    ),
    strategies.integers(150, 300),
    strategies.lists(strategies.floats(0.001, 10), max_size=40),
)
@settings(deadline=None)
def test_what_does_not_change_does_not_drift(
    kinds: dict[str, dict[str, int]], visits: int, durations: list[float]
) -> None:
    written = {key: Counter(counts) for key, counts in kinds.items()}
    same = node(visits, written=written, routes=routes(tools=visits), duration=1.0)
    behaviour = Behaviour(visits, Counter(ValueError=3), durations, durations, {"search": same})
    assert drifts(behaviour, behaviour) == []


# -- errors, tokens, durations


def of_runs(then: Behaviour, now: Behaviour) -> Found:
    return {(each.rule, each.node, each.subject) for each in drifts(then, now)}


def test_an_error_with_which_no_run_has_ended() -> None:
    [drift] = drifts(Behaviour(100, Counter(KeyError=2)), Behaviour(20, Counter(KeyError=9, TimeoutError=5)))
    assert (drift.rule, drift.subject, drift.then, drift.now) == ("baseline_error", "TimeoutError", 0.0, 0.25)


@pytest.mark.parametrize(("rule", "subject"), [("tokens", "tokens"), ("durations", "duration")])
def test_a_median_that_is_half_as_high_again(rule: str, subject: str) -> None:
    names = {"tokens": "baseline_cost", "durations": "baseline_latency"}

    def compared(then: list[float], now: list[float]) -> Found:
        return of_runs(Behaviour(100, **{rule: then}), Behaviour(20, **{rule: now}))

    assert compared([1.0] * 100, [1.5] * 10) == {(names[rule], "", subject)}
    assert compared([1.0] * 100, [1.49] * 20) == set()
    assert compared([1.0] * 100, [1.0] * 11 + [9.0] * 9) == set()  # the median is as it was
    assert compared([1.0] * 9, [9.0] * 20) == set()  # too few
    assert compared([1.0] * 100, [9.0] * 9) == set()
    assert compared([], []) == set()


def test_tokens_where_there_were_none() -> None:
    assert of_runs(Behaviour(100, tokens=[0.0] * 100), Behaviour(20, tokens=[0.0] * 20)) == set()
    assert of_runs(Behaviour(100, tokens=[0.0] * 100), Behaviour(20, tokens=[9.0] * 20)) == {
        ("baseline_cost", "", "tokens")
    }


def test_a_node_that_has_become_slower() -> None:
    assert found(node(duration=0.02), node(20, duration=0.035)) == {("baseline_latency", "search", "duration")}
    assert found(node(duration=0.002), node(20, duration=0.011)) == set()  # nobody waits for 9 ms
    assert found(node(duration=0.02), node(9, duration=0.2)) == set()
    assert found(node(duration=None), node(20, duration=0.2)) == set()
    assert cross_run.slower(1.0, 1.5)
    assert not cross_run.slower(1.5, 1.0)
