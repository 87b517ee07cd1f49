"""The mistakes in a file that a person writes, and the error that has all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a file or a definition.

    Attributes
    ----------
    line, column:
        Where, from 1; 0 if that is not known, as of a value that comes from code.
    path:
        The keys that lead there, such as ``checks.shop.expect.duration``; empty for the file itself.
    message:
        What is wrong, and what would be right.
    """

    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = "".join(f"{number}:" for number in (self.line, self.column) if number)
        return " ".join(filter(None, (where, self.path and f"{self.path}:", self.message)))


class FileError(Exception):
    """A file has mistakes. The message has one line for each.

    Attributes
    ----------
    problems:
        All mistakes, in the file's order.
    """

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.line, problem.column))
        super().__init__("\n".join(f"{name}:{problem}" for problem in self.problems))
