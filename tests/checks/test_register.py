"""``checks.register``: definitions in code, and how their mistakes are told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from argus_otel import checks
from argus_otel.sources.checks import api, packages
from argus_otel.testing import observe

from .services import Answering, http
from .test_signals import point, served, until


def nested(levels: int) -> dict[str, Any]:
    definition: dict[str, Any] = {}
    for _ in range(levels):
        definition = {"http": definition}
    return definition


def circular() -> dict[str, Any]:
    definition: dict[str, Any] = {}
    definition["http"] = definition
    return definition


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (nested(200), "nested too deeply: more than 100 levels"),
        (nested(100_000), "nested too deeply: more than 100 levels"),
        (circular(), "Circular reference detected"),
        ({"http": "http://127.0.0.1/", "labels": {"a", "b"}}, "set is no text, number, list or mapping"),
        ({("a", "b"): "http://127.0.0.1/"}, "keys must be str, int, float, bool or None, not tuple"),
        ({"http": "http://127.0.0.1/\ud83d"}, "found invalid Unicode character escape code"),
        ({"http": "http://127.0.0.1/", "interval": 30}, "'30' has no unit|\"30\" has no unit"),
        ({}, "a check has one of"),
    ],
    ids=["200 levels", "100,000 levels", "circular", "set", "tuple as key", "half a character", "no unit", "empty"],
)
def test_a_wrong_definition_raises_an_error_of_argus_otels(definition: Mapping[str, Any], message: str) -> None:
    with observe("checks"), pytest.raises(checks.CheckFileError, match=message) as caught:
        checks.register("web", definition)
    (problem,) = caught.value.problems
    assert isinstance(problem, checks.Problem)
    assert str(problem) in str(caught.value)


def test_all_mistakes_of_a_definition_are_told_at_once() -> None:
    wrong = {"http": "http://127.0.0.1/", "interval": 30, "retries": "many"}
    with observe("checks"), pytest.raises(checks.CheckFileError) as caught:
        checks.register("web", wrong)
    assert [problem.path for problem in caught.value.problems] == ["checks.web.interval", "checks.web.retries"]


def test_a_definition_may_have_any_text_and_any_mapping() -> None:
    body = "ready 😀 \u2028 \\ud83d\\ude00 \x85"
    with served(Answering(http(body.encode()))) as port, observe("checks") as observed:
        definition = {"http": f"http://127.0.0.1:{port}/", "interval": "1s", "expect": {"body": body}}
        checks.register("web", MappingProxyType(definition))
        checks.start()
        until(lambda: point(observed, "argus.check.up", argus_check_name="web") == 1)
        assert body in [condition.written for condition in checks.statuses()["web"][0].expect]


@pytest.mark.parametrize("extra", [True, False])
def test_where_nothing_can_run_checks_a_function_says_what_to_do(
    extra: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(api, "_source", None)
    if not extra:
        monkeypatch.setattr(packages, "NEEDED", ("a_package_that_is_not_there",))
    checks.start()
    missing = "a_package_that_is_not_there cannot be imported: pip install 'argus-otel[checks]'"
    remedy = "start the program by argus-otel run, or call instrument()" if extra else missing
    assert caplog.messages == [f"argus-otel: checks.start() does nothing: {remedy}"]


def test_the_errors_can_be_imported_without_the_extra() -> None:
    program = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("yaml", "h11", "dns", "regex"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from argus_otel import checks
print(issubclass(checks.CheckFileError, Exception), issubclass(checks.ExecutorError, Exception))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "True True\n"
