"""Prometheus rules of the objectives under ``slo:``: error budgets, and alerts on how fast they are used up.

The rules are the same for all checks whose objectives have the same window: agents export what is promised, and whether
it is kept (:mod:`.objectives`). ``prometheus/rules/checks-slo.yaml`` has those for the window that is the default.

The windows and factors of alerts are those of https://sre.google/workbook/alerting-on-slos/ for an objective over 30
days. Those of another objective are as much longer or shorter, so that an alert means the same share of the budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .objectives import window_text

Rule = dict[str, object]

SHIPPED = 30 * 86400.0
"""The window of the rules in ``prometheus/rules/checks-slo.yaml``, in seconds: the default of ``slo:``."""

SHORTEST = 120.0
"""The shortest window of an alert, in seconds: below it there are too few runs and scrapes."""


@dataclass(frozen=True, slots=True)
class _Alert:
    """Budget that is used up ``factor`` times as fast as it may be, over a long window and a short one, in seconds."""

    factor: float
    long: float
    short: float


_REFERENCE = 30 * 86400.0
_PAGES = (_Alert(14.4, 3600, 300), _Alert(6, 6 * 3600, 1800))
_TICKETS = (_Alert(3, 86400, 2 * 3600), _Alert(1, 3 * 86400, 6 * 3600))

_CHECK = "job, argus_check_name"
_EACH = f"{_CHECK}, service_peer_name, argus_check_slo, argus_check_slo_window"
_DASHBOARD = (
    "/d/argus-check-slo?var-job={{ $labels.job | urlquery }}&var-check={{ $labels.argus_check_name | urlquery }}"
)


def groups(windows: Iterable[float], runbook: str) -> list[dict[str, object]]:
    """Return the groups of a file of rules: two for each window.

    Parameters
    ----------
    windows:
        Those of objectives, in seconds.
    runbook:
        The page whose sections are called as the alerts are.
    """
    found: list[dict[str, object]] = []
    for window in sorted(set(windows)):
        name = f"checks-slo-{window_text(window)}"
        found.append({"name": name, "rules": list(_rules(window, runbook))})
        # In a group of its own, and less often: it reads every sample of the whole window.
        found.append({"name": f"{name}-budget", "interval": "2m", "rules": list(_left(window))})
    return found


def _rules(window: float, runbook: str) -> Iterator[Rule]:
    chosen = _chosen(window)
    yield {
        "record": "argus_check:slo_budget",
        "expr": f"1 - max by ({_EACH}) (argus_check_slo_objective{chosen})",
    }
    # 1 while a check breaks its promise at every location, 0 while it keeps it at one. A location where it is muted, or
    # unknown, has no vote. A mute by hand or by maintenance counts for all agents of the job, as for CheckDown; that of
    # a parent that is down counts for the agent that sees it down, and leaves the verdict to the others.
    yield {
        "record": "argus_check:slo_bad",
        "expr": f"1 - max by ({_EACH}) (argus_check_slo_kept{chosen})\n"
        f'unless on ({_CHECK}) group by ({_CHECK}) (argus_check_muted{{argus_check_mute_reason!="parent"}})',
    }
    for seconds in sorted({each for alert in (*_PAGES, *_TICKETS) for each in _windows(alert, window)}):
        text = window_text(seconds)
        yield {"record": _ratio(seconds), "expr": f"avg_over_time(argus_check:slo_bad{chosen}[{text}])"}
    yield _alert("CheckBudgetBurnsFast", "critical", _PAGES, window, runbook)
    yield _alert("CheckBudgetBurnsSlowly", "warning", _TICKETS, window, runbook)


def _left(window: float) -> Iterator[Rule]:
    """What is left of the budget: 1 for all of it, below 0 once the promise is broken."""
    chosen, text = _chosen(window), window_text(window)
    yield {
        "record": "argus_check:slo_budget_left",
        "expr": f"1 - avg_over_time(argus_check:slo_bad{chosen}[{text}]) / argus_check:slo_budget{chosen}",
    }


def _alert(name: str, severity: str, alerts: Sequence[_Alert], window: float, runbook: str) -> Rule:
    rates = [f"{_pace(alert.factor)} over {window_text(_windows(alert, window)[0])}" for alert in alerts]
    return {
        "alert": name,
        "expr": "\nor\n".join(f"(\n{_burns(alert, window)}\n)" for alert in alerts),
        "labels": {"severity": severity},
        "annotations": {
            "summary": f"{{{{ $labels.argus_check_name }}}} uses up its {window_text(window)} budget of "
            "{{ $labels.argus_check_slo }}: {{ $value | humanizePercentage }} of the time was bad.",
            "description": f"The budget is used up {' or '.join(rates)}.",
            "runbook": f"{runbook}#{name.lower()}",
            "dashboard": _DASHBOARD,
        },
    }


def _burns(alert: _Alert, window: float) -> str:
    """Return the condition of an alert: too much is bad in both windows.

    The objective has to be as old as the long window. Of a check that is new, one slow run would be a large share.
    """
    chosen, (long, short) = _chosen(window), _windows(alert, window)
    budget = f"argus_check:slo_budget{chosen}"
    bad = [f"{_ratio(each)}{chosen} > {alert.factor:g} * {budget}" for each in (long, short)]
    known = f"last_over_time({budget}[{window_text(short)}] offset {window_text(long)})"
    return "  " + "\n  and ".join((*bad, known))


def _pace(factor: float) -> str:
    return "as fast as allowed" if factor == 1 else f"{factor:g} times as fast as allowed"


def _windows(alert: _Alert, window: float) -> tuple[float, float]:
    """Return the long and the short window of an alert, for an objective over ``window``."""
    scale = window / _REFERENCE
    short = max(alert.short * scale, SHORTEST)
    return max(alert.long * scale, 2 * short), short


def _ratio(seconds: float) -> str:
    return f"argus_check:slo_bad:ratio_{window_text(seconds)}"


def _chosen(window: float) -> str:
    return f'{{argus_check_slo_window="{window_text(window)}"}}'
