"""Detectors: rules of the observed program's own, which are applied beside those that are built in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from inspect import cleandoc
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

from argus_otel.telemetry import type_name
from argus_otel.telemetry.guard import tried

from .detect import RULES
from .facts import RunFacts
from .findings import Finding, Layer, Severity
from .rule import Habits, Rule

Detector: TypeAlias = "Callable[[RunFacts], Iterable[Finding] | Finding | None]"

Word = TypeVar("Word", Layer, Severity)
D = TypeVar("D", bound="Callable[[RunFacts], Any]")


class DetectorError(Exception):
    """A detector has failed. The message names class and line, and quotes nothing: any text may be in an exception."""


_ID = re.compile(r"[a-z][a-z0-9_.]{0,49}")

_registered: dict[str, Rule] = {}
_rules: tuple[Rule, ...] = RULES


def rules() -> tuple[Rule, ...]:
    """Return the rules that are built in, and those of detectors; the same tuple until one is registered."""
    return _rules


def detector(
    detector_id: str, /, *, layer: Layer | str = Layer.BEHAVIOURAL, severity: Severity | str = Severity.WARN
) -> Callable[[D], D]:
    """Register a function as a detector: it is given the facts of each run of a graph that has ended.

    It returns a finding, several, or nothing: ``Finding.at(node, key)`` about a node, ``Finding()`` about the run as a
    whole. It runs where the run has ended, so it has to be quick, and must not change the facts. If it raises, that is
    counted in ``argus.hook.errors`` and logged once, without the message of the exception, and all other rules are
    applied.

    Parameters
    ----------
    detector_id:
        Its id in findings, metrics, ``ignore=`` and ``ARGUS_GRAPHS_DETECTIONS``. 50 detectors have series of their own.
    layer:
        ``structural``, ``behavioural``, ``semantic`` or ``cross_run``.
    severity:
        ``info``, ``warn`` or ``error``: the highest that its findings can have.

    Raises
    ------
    ValueError
        The id is not well formed or in use, or there is no such layer or severity.
    TypeError
        What is decorated cannot be called.
    """
    if callable(detector_id):
        raise TypeError("@detector needs an id, such as @detector('no_sources')")
    if not isinstance(detector_id, str) or not _ID.fullmatch(detector_id):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(
            f"the id of a detector is made of a to z, 0 to 9, _ and ., begins with a letter, and has 50 characters at "
            f"most: {detector_id!r}"
        )
    in_layer, at_most = _one_of(Layer, "layer", layer), _one_of(Severity, "severity", severity)

    def register(function: D) -> D:
        global _rules
        if not callable(function):
            raise TypeError(f"the detector {detector_id} is a {type(function).__name__}, and no function")
        rule = _rule(detector_id, in_layer, at_most, function)
        known = _registered.get(detector_id)
        # The same place of the program: a cell of a notebook, or a module, that has run again.
        if any(each.id == detector_id for each in RULES) or (known is not None and known.meaning != rule.meaning):
            already = known.meaning if known else "it is built in."
            raise ValueError(f"there is a rule {detector_id} already: {already} Give this one another id")
        _registered[detector_id] = rule
        _rules = (*RULES, *_registered.values())
        return function

    return register


def forget() -> None:
    """Forget all detectors, for tests."""
    global _rules
    _registered.clear()
    _rules = RULES


def _rule(detector_id: str, layer: Layer, severity: Severity, function: Callable[[RunFacts], Any]) -> Rule:
    def find(_rule: Rule, run: RunFacts, _habits: Habits) -> list[Finding]:
        found, error = tried(lambda: _findings(function(run)))
        if error is not None:
            raise error if isinstance(error, DetectorError) else DetectorError(_without_words(error))
        return [replace(finding, rule=detector_id, layer=layer).at_most(severity) for finding in found or ()]

    place = f"{function.__module__}.{getattr(function, '__qualname__', type(function).__qualname__)}"
    when, _, more = cleandoc(function.__doc__ or "").partition("\n")
    return Rule(
        detector_id,
        layer,
        severity,
        when or "a detector of this program finds something",
        f"Found by the detector {place}.",
        " ".join(more.split()) or "See what the detector says of itself.",
        find,
    )


def _findings(returned: Any) -> list[Finding]:
    if returned is None:
        return []
    found = list(cast("Iterable[Any]", returned)) if isinstance(returned, Iterable) else [returned]
    for each in found:
        if not isinstance(each, Finding):
            raise DetectorError(f"it has to return findings, not {type(each).__name__}")
    return found


def _without_words(error: Exception) -> str:
    """Return the class of an exception, and the line that raised it, without the message."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_code.co_filename == __file__:
        return f"{type_name(error)} as it was called with the facts of a run"
    return f"{type_name(error)} ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"


def _one_of(kind: type[Word], what: str, given: Word | str) -> Word:
    for each in kind:
        if given in (each, each.value):
            return each
    raise ValueError(f"{what} is one of {', '.join(each.value for each in kind)}, not {given!r}")
