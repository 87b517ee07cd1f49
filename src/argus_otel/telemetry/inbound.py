"""Calls that others make to this process, for a source: a job that says that it is done."""

from __future__ import annotations

from collections.abc import Callable

Answer = Callable[[str, bytes], int]
"""Answers a call: (path below the prefix, token that was offered) -> status of HTTP. Any thread."""


class Inbound:
    """What answers which calls. Empty unless a source asks for calls, so that the endpoint takes none."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    def add(self, prefix: str, answer: Answer) -> None:
        """Answer calls whose path begins with ``prefix``, such as ``/heartbeat/``; replaces an earlier answer."""
        self._answers[prefix] = answer

    def remove(self, prefix: str) -> None:
        """Answer such calls no more. Safe to repeat."""
        self._answers.pop(prefix, None)

    def answer(self, path: str, token: bytes) -> int | None:
        """Return the status with which a call is answered; ``None`` if its path is none of a source's."""
        for prefix, answer in tuple(self._answers.items()):
            if path.startswith(prefix):
                return answer(path[len(prefix) :], token)
        return None
