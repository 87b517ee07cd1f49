"""Prometheus rules of the objectives under ``slo:``: error budgets, and alerts on how fast they are used up.

The windows and factors are those of https://sre.google/workbook/alerting-on-slos/ for an objective over 30 days.
Those of another objective are as much longer or shorter, so that an alert means the same share of the budget.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .definition import Check, Objective

Rule = dict[str, object]

_REFERENCE = 30 * 86400.0

SHORTEST = 120.0
"""The shortest window of an alert, in seconds: below it there are too few runs and scrapes."""


@dataclass(frozen=True, slots=True)
class _Alert:
    """Budget that is used up ``factor`` times as fast as it may be, over a long window and a short one, in seconds."""

    factor: float
    long: float
    short: float


_PAGES = (_Alert(14.4, 3600, 300), _Alert(6, 6 * 3600, 1800))
_TICKETS = (_Alert(3, 86400, 2 * 3600), _Alert(1, 3 * 86400, 6 * 3600))

_NAME, _SLO, _WINDOW = "argus_check_name", "argus_check_slo", "argus_check_slo_window"


def groups(checks: Sequence[Check], runbook: str) -> list[dict[str, object]]:
    """Return the groups of a file of rules: two for each window that an objective has.

    Parameters
    ----------
    runbook:
        The page whose sections are called as the alerts are.
    """
    by_window: dict[float, dict[str, Objective]] = {}
    for check in checks:
        if check.objective is not None and check.enabled:
            by_window.setdefault(check.objective.window, {})[check.name] = check.objective
    found: list[dict[str, object]] = []
    for window, objectives in sorted(by_window.items()):
        name = f"checks-slo-{_shown(window)}"
        found.append({"name": name, "rules": list(_rules(objectives, window, runbook))})
        # Of its own and less often: it reads every sample of the whole window.
        found.append({"name": f"{name}-budget", "interval": "2m", "rules": list(_left(window))})
    return found


def _rules(objectives: Mapping[str, Objective], window: float, runbook: str) -> Iterator[Rule]:
    yield from _budgets(objectives, window)
    yield from _bad(objectives, window)
    ratios = {each for alert in (*_PAGES, *_TICKETS) for each in _windows(alert, window)}
    chosen = f'{{{_WINDOW}="{_shown(window)}"}}'
    for seconds in sorted(ratios):
        yield {"record": _ratio(seconds), "expr": f"avg_over_time(argus_check:slo_bad{chosen}[{_shown(seconds)}])"}
    yield _alert("CheckBudgetBurnsFast", "critical", _PAGES, window, runbook)
    yield _alert("CheckBudgetBurnsSlowly", "warning", _TICKETS, window, runbook)


def _left(window: float) -> Iterator[Rule]:
    """What is left of the budget: 1 for all of it, below 0 once the promise is broken."""
    chosen = f'{{{_WINDOW}="{_shown(window)}"}}'
    yield {
        "record": "argus_check:slo_budget_left",
        "expr": f"1 - avg_over_time(argus_check:slo_bad{chosen}[{_shown(window)}]) / argus_check:slo_budget{chosen}",
    }


def _budgets(objectives: Mapping[str, Objective], window: float) -> Iterator[Rule]:
    """The objectives as series, so that the rules below are the same for all checks."""
    for name, objective in objectives.items():
        latency = objective.latency
        shares = {"availability": objective.availability, "latency": latency and latency.share}
        for slo, share in shares.items():
            if share is not None:
                labels = {_NAME: name, _SLO: slo, _WINDOW: _shown(window)}
                yield _constant("argus_check:slo_budget", 1 - share, labels)
        if latency is not None:
            labels = {_NAME: name, _WINDOW: _shown(window)}
            yield _constant("argus_check:slo_latency_seconds", latency.under, labels)


def _constant(record: str, value: float, labels: Mapping[str, str]) -> Rule:
    return {"record": record, "expr": f"vector({value:.10g})", "labels": dict(labels)}


def _bad(objectives: Mapping[str, Objective], window: float) -> Iterator[Rule]:
    """Record 1 while a check breaks its promise, 0 while it keeps it, and nothing while it is muted or unknown.

    It keeps it if it does at one location at least. A run that failed is not fast.
    """
    availability = (
        f"1 - max by ({_NAME}) (argus_check_up)",
        f'argus_check:slo_budget{{{_SLO}="availability",{_WINDOW}="{_shown(window)}"}}',
    )
    # The histogram has no edge at every duration that may be promised, and above 2000 checks none by check.
    fast = f"argus_check_last_duration_seconds <= bool on ({_NAME}) group_left () {_latency(window)}"
    latency = (
        f"1 - max by ({_NAME}) (({fast}) * argus_check_success)",
        f'argus_check:slo_budget{{{_SLO}="latency",{_WINDOW}="{_shown(window)}"}}',
    )
    for slo, (bad, budget) in (("availability", availability), ("latency", latency)):
        if any(getattr(objective, slo) is not None for objective in objectives.values()):
            yield {
                "record": "argus_check:slo_bad",
                "expr": f"({bad}) and on ({_NAME}) {budget} unless on ({_NAME}) (argus_check_muted > 0)",
                "labels": {_SLO: slo, _WINDOW: _shown(window)},
            }


def _latency(window: float) -> str:
    return f'argus_check:slo_latency_seconds{{{_WINDOW}="{_shown(window)}"}}'


def _alert(name: str, severity: str, alerts: Sequence[_Alert], window: float, runbook: str) -> Rule:
    chosen = f'{{{_WINDOW}="{_shown(window)}"}}'
    parts: list[str] = []
    for alert in alerts:
        both = [
            f"{_ratio(each)}{chosen} > {alert.factor:g} * argus_check:slo_budget{chosen}"
            for each in _windows(alert, window)
        ]
        parts.append(f"({' and '.join(both)})")
    rates = [f"{alert.factor:g} times as fast as allowed over {_shown(_windows(alert, window)[0])}" for alert in alerts]
    return {
        "alert": name,
        "expr": " or ".join(parts),
        "labels": {"severity": severity},
        "annotations": {
            "summary": f"{{{{ $labels.{_NAME} }}}} uses up its {_shown(window)} budget of {{{{ $labels.{_SLO} }}}}: "
            f"{{{{ $value | humanizePercentage }}}} of the time was bad",
            "description": f"The budget is used up {' or '.join(rates)}.",
            "runbook": f"{runbook}#{name.lower()}",
        },
    }


def _windows(alert: _Alert, window: float) -> tuple[float, float]:
    """Return the long and the short window of an alert, for an objective over ``window``."""
    scale = window / _REFERENCE
    short = max(alert.short * scale, SHORTEST)
    return max(alert.long * scale, 2 * short), short


def _ratio(seconds: float) -> str:
    return f"argus_check:slo_bad:ratio_{_shown(seconds)}"


def _shown(seconds: float) -> str:
    """Return a duration as Prometheus has it, in whole seconds."""
    left, written = round(seconds), ""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, left = divmod(left, length)
        written += f"{number}{unit}" if number else ""
    return written or "0s"
