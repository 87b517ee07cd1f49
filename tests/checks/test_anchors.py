"""An agent without a network judges nothing; one with it judges as ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from argus_otel.sources.checks.agent import Agent
from argus_otel.sources.checks.anchors import Anchors
from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Probe
from argus_otel.sources.checks.judge import Confirm, Status
from argus_otel.sources.checks.mutes import Mute, MuteReason
from argus_otel.sources.checks.outcomes import Attempt, Failure, Outcome, Run
from argus_otel.testing import until_async as until

from .test_agent import Seen, check, hangs, works

FAST = Confirm(2, 1, 50)


class Network:
    """A network that can be cut; what needs it fails then."""

    def __init__(self) -> None:
        self.cut = False

    async def reached(self, _: Probe[Any]) -> Mapping[str, object]:
        if self.cut:
            raise CheckError(ErrorType.UNREACHABLE, "no way to the host")
        return {}


def statuses(agent: Agent) -> dict[str, Status]:
    return {name: state.judge.status for name, state in agent.states.items()}


def all_are(agent: Agent, status: Status) -> bool:
    return set(statuses(agent).values()) == {status}


def run(name: str, started: int, outcome: Outcome) -> Run:
    failure = None if outcome.good else Failure(ErrorType.REFUSED, "nothing listens there")
    return Run(name, started, 0, started, (Attempt(outcome, failure, 0.1),))


def test_the_network_is_lost_once_every_anchor_has_failed_as_often_as_confirms_it() -> None:
    anchors = Anchors({"one": 2, "other": 1})
    assert not anchors.lost
    anchors.add(run("one", 10, Outcome.FAILED))
    anchors.add(run("other", 11, Outcome.FAILED))
    assert not anchors.lost
    anchors.add(run("one", 12, Outcome.FAILED))
    assert anchors.lost
    anchors.add(run("other", 13, Outcome.WARN))
    assert not anchors.lost
    assert anchors.answered_since(13)
    assert not anchors.answered_since(14)


def test_anchors_that_the_agent_may_not_run_tell_nothing_and_are_not_waited_for() -> None:
    anchors = Anchors({"one": 1, "other": 1})
    anchors.add(run("one", 10, Outcome.UNKNOWN))
    assert not anchors.lost
    assert not anchors.answered_since(5), "the other one may tell"
    anchors.add(run("other", 11, Outcome.FAILED))
    assert anchors.lost
    after = Anchors({"one": 1, "other": 1})
    after.carry_over(anchors)
    assert after.lost, "a reload forgets nothing"
    anchors.add(run("other", 12, Outcome.UNKNOWN))
    assert not anchors.lost
    assert anchors.answered_since(1 << 60), "a failed check would wait for ever"
    anchors.add(run("one", 13, Outcome.OK))
    assert not anchors.answered_since(14)


def test_without_anchors_the_network_always_counts_as_there() -> None:
    assert not Anchors({}).lost
    assert Anchors({}).answered_since(1 << 60)


def test_a_network_that_is_cut_makes_no_check_down_and_its_return_is_no_recovery() -> None:
    network, seen = Network(), Seen()
    anchor = check("gateway", network.reached, confirm=FAST)
    checks = [check(f"shop-{number}", network.reached, confirm=FAST) for number in range(20)]

    async def life() -> None:
        agent = Agent(seen)
        agent.replace([anchor, *checks], anchors=["gateway"])
        await until(lambda: all_are(agent, Status.UP))
        network.cut = True
        await until(lambda: all_are(agent, Status.UNKNOWN))
        assert not agent.has_network
        await asyncio.sleep(1.2)  # every check has run at least once more
        assert all_are(agent, Status.UNKNOWN)
        network.cut = False
        await until(lambda: all_are(agent, Status.UP))
        await agent.stop()

    asyncio.run(life())
    assert Status.DOWN not in {change.after for change in seen.changes}
    for checked in [anchor, *checks]:
        changes = [(each.before, each.after, each.known_before) for each in seen.changes if each.check == checked.name]
        assert changes == [
            (Status.UNKNOWN, Status.UP, Status.UNKNOWN),
            (Status.UP, Status.UNKNOWN, Status.UP),
            (Status.UNKNOWN, Status.UP, Status.UP),
        ]
    assert Outcome.UNKNOWN in {each.outcome for each in seen.runs}


def test_a_check_that_fails_while_an_anchor_answers_is_down() -> None:
    network, seen = Network(), Seen()
    network.cut = True

    async def life() -> None:
        agent = Agent(seen)
        agent.replace([check("gateway", works), check("shop", network.reached, confirm=FAST)], anchors=["gateway"])
        await until(lambda: statuses(agent)["shop"] is Status.DOWN)
        assert statuses(agent)["gateway"] is Status.UP
        await agent.stop()

    asyncio.run(life())


def test_one_of_two_anchors_that_fails_alone_is_down_itself() -> None:
    network, seen = Network(), Seen()
    network.cut = True

    async def life() -> None:
        agent = Agent(seen)
        agent.replace([check("one", works), check("other", network.reached, confirm=FAST)], anchors=["one", "other"])
        await until(lambda: statuses(agent) == {"one": Status.UP, "other": Status.DOWN})
        await agent.stop()

    asyncio.run(life())


def test_a_parent_that_is_down_mutes_its_children_and_they_are_measured_on() -> None:
    network, seen = Network(), Seen()

    async def life() -> None:
        agent = Agent(seen)
        agent.replace([check("host", network.reached, confirm=FAST), check("site", network.reached, parents=("host",))])
        await until(lambda: all_are(agent, Status.UP))
        network.cut = True
        await until(lambda: all_are(agent, Status.DOWN))
        assert agent.states["site"].muted == {MuteReason.PARENT}
        network.cut = False
        await until(lambda: all_are(agent, Status.UP))
        assert agent.states["site"].muted == frozenset()
        await agent.stop()

    asyncio.run(life())
    changes = [(each.after, each.muted) for each in seen.changes if each.check == "site"]
    assert changes == [
        (Status.UP, frozenset()),
        (Status.DOWN, {MuteReason.PARENT}),
        (Status.UP, frozenset()),
    ], "a recovery is never muted"
    assert seen.mutes == [("site", {MuteReason.PARENT}), ("site", frozenset())]


def test_a_mute_of_a_person_ends_by_itself() -> None:
    seen = Seen()

    async def life() -> None:
        agent = Agent(seen)
        agent.replace([check("db-1", works), check("shop", works)])
        now = time.time_ns() // 1_000_000
        agent.mute({"db-*": Mute(now + 1500, "a new disk")})
        assert agent.states["db-1"].muted == {MuteReason.MANUAL}
        assert agent.states["shop"].muted == frozenset()
        await until(lambda: agent.states["db-1"].muted == frozenset())
        await agent.stop()

    asyncio.run(life())
    assert seen.mutes == [("db-1", {MuteReason.MANUAL}), ("db-1", frozenset())]


def test_a_parent_that_fails_at_once_runs_as_its_confirmation_says_while_an_anchor_hangs() -> None:
    network, seen = Network(), Seen()
    network.cut = True
    calm = Confirm(2, 1, 500)

    async def life() -> None:
        agent = Agent(seen)
        agent.replace(
            [
                check("gateway", hangs, timeout=2, confirm=calm),
                check("host", network.reached, confirm=calm),
                check("site", network.reached, confirm=calm, parents=("host",)),
            ],
            anchors=["gateway"],
        )
        await until(lambda: len(seen.of("gateway")) == 1)
        await agent.stop()

    asyncio.run(life())
    # Its slots, one run each 500 ms, and one at once for each of the two that wait for it.
    assert len(seen.of("host")) < 20
    assert seen.changes == []
