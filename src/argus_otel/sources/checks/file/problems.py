"""The mistakes in a file or a definition, and the error that has all of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a file or a definition.

    Attributes
    ----------
    line, column:
        Where, from 1; 0 if the value comes from code.
    path:
        The keys that lead there, such as ``checks.shop.expect.duration``.
    message:
        What is wrong, and what would be right.
    """

    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.line}:{self.column}: " if self.line else ""
        return f"{where}{self.path}: {self.message}" if self.path else f"{where}{self.message}"


class CheckFileError(Exception):
    """A file of checks, or the definition of a check in code, has mistakes. The message has one line for each.

    Attributes
    ----------
    problems:
        All mistakes, in the file's order.
    """

    def __init__(self, name: str, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.line, problem.column))
        super().__init__("\n".join(f"{name}:{problem}" for problem in self.problems))
