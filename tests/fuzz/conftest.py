"""Two bots, one with hooks and one without, that receive the same messages."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

ANSWER_WITHIN = 60.0


class Bot:
    """A performer's process."""

    def __init__(self, hooked: str, without: Sequence[str]) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
        # The order of a set of names shows in a repr.
        environment |= {
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.performer", hooked, *without],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )
        self._answers: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(None)

    def ask(self, *request: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        line = self._answers.get(timeout=ANSWER_WITHIN)
        assert line is not None, "the bot's process has ended"
        return json.loads(line)

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Pair:
    """A bare bot and a hooked one.

    Attributes
    ----------
    examples:
        How many they have been through.
    unsure:
        Differences that were not there again with fresh bots: a machine that was busy, or what came before.
    """

    def __init__(self, without: Sequence[str]) -> None:
        self.bare, self.hooked = Bot("bare", without), Bot("hooked", without)
        self.examples = 0
        self.unsure: list[str] = []
        self.bare.ask("corpus")
        self.hooked.ask("corpus")
        self.corpus: list[list[Any]] = self.bare.answer()
        self.hooked.answer()

    def both(self, *request: Any) -> tuple[Any, Any]:
        """Ask both the same, at the same time; return the bare bot's answer and the hooked one's."""
        self.bare.ask(*request)
        self.hooked.ask(*request)
        return self.bare.answer(), self.hooked.answer()

    def check(self, steps: list[list[Any]]) -> None:
        """Assert that both go through the same, and that our own account balances."""
        self.examples += 1
        bare, hooked = self.both("play", steps)
        if bare != hooked:
            self.unsure.append(different(bare, hooked))
            self.both("restart")  # what came before must not have a part in it
            bare, hooked = self.both("play", steps)
            assert bare == hooked, f"{different(bare, hooked)}\nafter {json.dumps(steps)}"
        self.hooked.ask("ours")
        wrong = self.hooked.answer()
        assert wrong == {}, f"after {json.dumps(steps)}"

    def end(self) -> None:
        self.bare.end()
        self.hooked.end()


def different(bare: dict[str, Any], hooked: dict[str, Any]) -> str:
    """Return in which respects two observations differ."""
    return "\n".join(
        f"{key}:\n  bare   {bare[key]}\n  hooked {hooked[key]}" for key in bare if bare[key] != hooked[key]
    )


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((), id="zstd and orjson"),
        pytest.param(("zstandard", "orjson"), id="zlib and json"),
    ],
)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    pair = Pair(request.param)
    yield pair
    pair.end()
    print(f"{pair.examples} examples, {len(pair.unsure)} differences that fresh bots do not show")
    assert len(pair.unsure) <= max(2, pair.examples // 50), "\n\n".join(pair.unsure)
