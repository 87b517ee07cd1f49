"""Whatever Discord sends, a bot does the same with our hooks as without, and our hooks have no fault in it."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Pair
from .strategies import conversations, disturbances

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))

fuzzed = settings(
    max_examples=EXAMPLES,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
pytestmark = pytest.mark.timeout(60 + 3 * EXAMPLES)


@fuzzed
@given(data=st.data())
def test_malformed_frames_of_the_gateway(pair: Pair, data: st.DataObject) -> None:
    pair.check(data.draw(conversations(pair.corpus)))


@fuzzed
@given(steps=disturbances())
def test_malformed_answers_of_the_api(pair: Pair, steps: list[list[Any]]) -> None:
    pair.check(steps)
