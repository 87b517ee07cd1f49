"""Whatever Discord sends, a bot behaves the same with hooks as without, and no hook fails."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .conftest import Pair
from .strategies import BODIES, conversations, disturbances

LONG = os.environ.get("FUZZ_EXAMPLES")
"""The number of examples of each test, chosen at random. If it is not set, they are few and always the same."""

pytestmark = pytest.mark.timeout(120 if LONG is None else 120 + 3 * int(LONG))


def fuzzed(examples: int) -> settings:
    """Return the settings of a test with so many examples, unless the environment sets a number."""
    return settings(
        max_examples=examples if LONG is None else int(LONG),
        derandomize=LONG is None,
        # Shrinking takes minutes: it is left to those who ask for more.
        phases=list(Phase) if LONG is not None else [Phase.explicit, Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


def test_what_discord_really_sends(pair: Pair) -> None:
    for kind, message in pair.corpus:
        pair.check([["frames", [["json", message, kind, True]]]])


@pytest.mark.parametrize("status", [200, 404, 429, 503])
def test_each_body_of_an_answer(pair: Pair, status: int) -> None:
    headers = {"Content-Type": "application/json", "Via": "1.1 google"}
    for body in BODIES:
        reply = ["fault", "reply", {"status": status, "body": body.hex(), "headers": headers}, {"times": 1}]
        pair.check([reply, ["call", "sync"], reply, ["call", "fetch_user"]])


@fuzzed(80)
@given(data=st.data())
def test_malformed_frames_of_the_gateway(pair: Pair, data: st.DataObject) -> None:
    pair.check(data.draw(conversations(pair.corpus)))


@fuzzed(60)
@given(steps=disturbances())
def test_malformed_answers_of_the_api(pair: Pair, steps: list[list[Any]]) -> None:
    pair.check(steps)
