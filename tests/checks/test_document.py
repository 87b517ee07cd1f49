"""A text of YAML that would take all of the memory or the time is refused, with its line and column."""

from __future__ import annotations

from itertools import pairwise

import pytest

from argus_otel.sources.checks.file.document import LEVELS, REPEATED
from argus_otel.sources.checks.file.text import EditError, FileText

from .test_file import problems, read


def nested(levels: int) -> str:
    """Return the value of a key of a file, which is one level itself, so that the file has this many levels."""
    return "[" * (levels - 1) + "]" * (levels - 1)


def bomb(levels: int) -> str:
    """Return a file of a few lines, each of which stands for nine times as many values as the one before."""
    names = "abcdefghijklm"[: levels + 1]
    lines = [f"{names[0]}: &{names[0]} [{','.join('x' * 9)}]"]
    lines += [f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]" for before, name in pairwise(names)]
    return "\n".join([*lines, f"checks: *{names[levels]}\n"])


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000])
def test_a_file_that_is_nested_without_end_is_a_problem_and_not_the_end_of_the_process(text: str) -> None:
    (problem,) = problems(f"location: fra1\nchecks:\n  {text}")
    place, _, message = problem.partition(": ")
    assert message == "it is nested too deeply: more than 100 levels"
    assert place.startswith("3:")


def test_so_many_levels_are_read_and_one_more_is_not() -> None:
    (problem,) = problems(f"checks: {nested(LEVELS)}")
    assert problem == "1:9: checks: a list is not a mapping from names to checks"
    (problem,) = problems(f"checks: {nested(LEVELS + 1)}")
    assert problem == f"1:{9 + LEVELS - 1}: it is nested too deeply: more than 100 levels"


def test_a_file_that_aliases_nest_too_deeply_is_a_problem() -> None:
    lines = ["l0: &l0 []", *(f"l{level}: &l{level} [*l{level - 1}]" for level in range(1, LEVELS + 1))]
    (problem,) = problems("\n".join(lines))
    # Of the last line but one, with the file itself, there are 100 levels.
    assert problem == f"{LEVELS}:12: it is nested too deeply: more than 100 levels, by *l{LEVELS - 2}"


@pytest.mark.parametrize("levels", [6, 8, 12])
def test_a_few_lines_that_stand_for_millions_of_values_are_a_problem(levels: int) -> None:
    (problem,) = problems(bomb(levels))
    assert problem.endswith(f": aliases stand for more than {REPEATED} values; write them out less often")


@pytest.mark.parametrize("value", ["&a [*a]", "&a {b: {c: *a}}", "{a: &a [1, &b {c: *b}]}"])
def test_an_alias_within_what_it_stands_for_is_a_problem(value: str) -> None:
    name = "*b" if "*b" in value else "*a"
    (problem,) = problems(f"checks: {value}")
    assert problem == f"1:{9 + value.index(name)}: {name} stands for something that has {name} in it"


def test_an_alias_without_its_anchor_is_the_composers_to_tell() -> None:
    (problem,) = problems("checks: *a")
    assert problem == "1:9: not YAML: found undefined alias"


def test_ten_thousand_checks_that_share_their_options_are_read() -> None:
    conditions = "{status: [200, 201, 202, 204], duration: '< 2s', body: ready, headers: {x-a: present, x-b: absent}}"
    first = f"  check-0: {{http: 'http://127.0.0.1/', expect: &usual {conditions}}}"
    others = [f"  check-{number}: {{http: 'http://127.0.0.1/', expect: *usual}}" for number in range(1, 10_000)]
    checks = read("\n".join(["checks:", first, *others])).checks
    assert len(checks) == 10_000
    assert {len(check.expect) for check in checks} == {5}


@pytest.mark.parametrize("text", ["[" * 100_000, bomb(8)])
def test_such_a_file_is_not_edited_either(text: str) -> None:
    with pytest.raises(EditError, match="cannot be read, and so not be edited"):
        FileText(text)
