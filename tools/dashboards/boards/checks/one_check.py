"""One check: its status, its runs and phases, what it last found out, and whether it keeps what it promises."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import heatmap, stat, state_timeline, timeseries
from ...queries import counted, increase, now, of, or_zero, prom, quantile, rate, share
from ...style import BAD, BYTES, GOOD, MUTED, NUMBER, SECONDS, SHARE, WARNING, board_link, coloured, steps, values

_THIS = 'argus_check_name=~"$check"'
_UP = of("argus_check_up", _THIS)
_RUNS = "argus_check_runs_total"
_DURATION = "argus_check_duration_seconds"


def _last(metric: str) -> str:
    return of(metric, _THIS)


_STATUS = Row(
    "Is it up?",
    [
        stat(
            "Status",
            """The worst confirmed status of the chosen checks over all chosen agents.""",
            prom(f"min({_UP})", "status"),
            unit=NUMBER,
            mappings=values({"0": ("down", BAD), "1": ("up", GOOD)}),
            thresholds=steps((1, GOOD), below=BAD),
            no_value="not judged",
        ),
        stat(
            "Since",
            """How long the status has held.""",
            prom(f"min(time() - {_last('argus_check_since_seconds')})", "since"),
            unit=SECONDS,
            no_value="not judged",
        ),
        stat(
            "Reachability",
            """Share of the runs in the time range that succeeded, with warnings or without; runs that were not judged
            are left out.""",
            now(
                share(
                    counted(_RUNS, _THIS, 'argus_check_outcome=~"ok|warn"'),
                    counted(_RUNS, _THIS, 'argus_check_outcome!="unknown"'),
                ),
                "of the runs",
            ),
            unit=SHARE,
            thresholds=steps((0.99, WARNING), (0.999, GOOD), below=BAD),
            no_value="no runs",
        ),
        stat(
            "Changes of it",
            """Confirmed changes in the time range.""",
            now(counted("argus_check_transitions_total", _THIS), "changes"),
            unit=NUMBER,
            decimals=0,
            no_value="0",
        ),
        stat(
            "Last status code",
            """The status of the last HTTP response; absent for checks of other types.""",
            prom(f"max({_last('argus_check_http_status')})", "status"),
            unit=NUMBER,
            no_value="none",
        ),
        stat(
            "Certificate valid for",
            """How long the first certificate of the chain is valid.""",
            prom(f"min({_last('argus_check_certificate_expiry_seconds')}) - time()", "valid"),
            unit=SECONDS,
            thresholds=steps((3 * 86400, WARNING), (14 * 86400, GOOD), below=BAD),
            no_value="none",
        ),
        state_timeline(
            "Status by agent",
            """The confirmed status as each agent sees it. Down at one location alone: the network from there
            fails.""",
            prom(f"min by (job, instance, argus_check_name) ({_UP})", "{{argus_check_name}} {{job}} {{instance}}"),
            mappings=values({"0": ("down", BAD), "1": ("up", GOOD)}),
            width=12,
            height=8,
            no_value="not judged",
        ),
        timeseries(
            "Failures, by cause",
            """Failed runs of the chosen checks by error.type.""",
            prom(increase(_RUNS, _THIS, 'argus_check_outcome="failed"', by="error_type"), "{{error_type}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="none failed",
        ),
    ],
)

_TIME = Row(
    "What takes its time?",
    [
        timeseries(
            "Phases of the last run",
            """How long each phase took; they add up to the duration. first_byte is the service's own work.""",
            prom(
                f"avg by (argus_check_phase) ({_last('argus_check_phase_duration_seconds')})", "{{argus_check_phase}}"
            ),
            unit=SECONDS,
            stacked=True,
        ),
        timeseries(
            "Duration of the chosen checks",
            """p50 and p95 over the agents, and the last run. Points are exemplars, which lead to the run's trace.""",
            prom(quantile(0.5, _DURATION, _THIS), "p50"),
            prom(quantile(0.95, _DURATION, _THIS), "p95", exemplar=True),
            prom(f"max({_last('argus_check_last_duration_seconds')})", "last"),
            unit=SECONDS,
        ),
        heatmap(
            "Durations of the chosen checks",
            """How many runs took how long.""",
            prom(rate(f"{_DURATION}_bucket", _THIS, by="le"), "{{le}}", form="heatmap"),
            width=8,
        ),
        timeseries(
            "Runs by outcome",
            """Runs each second, by outcome.""",
            prom(rate(_RUNS, _THIS, by="argus_check_outcome"), "{{argus_check_outcome}}"),
            stacked=True,
            overrides=[
                coloured("ok", GOOD),
                coloured("warn", WARNING),
                coloured("failed", BAD),
                coloured("unknown", MUTED),
            ],
            width=8,
        ),
        timeseries(
            "Size of the body",
            """The size of the last HTTP response's body. One that shrinks to a fraction is an error page with status
            200.""",
            prom(f"max by (argus_check_name) ({_last('argus_check_response_size_bytes')})", "{{argus_check_name}}"),
            unit=BYTES,
            width=8,
            no_value="none",
        ),
    ],
)

_KEPT = of("argus_check_slo_kept", _THIS)
_OBJECTIVES = board_link("Its objectives", "argus-check-slo", "job", "check")

_PROMISE = Row(
    "Does it keep what it promises?",
    [
        stat(
            "Broken promises",
            """Promises of the chosen checks that no location sees kept now. A click leads to objectives and error
            budgets.""",
            prom(
                or_zero(
                    f"count(max by (job, argus_check_name, argus_check_slo) ({_KEPT}) == 0)",
                    f"count({of('argus_check_slo_objective', _THIS)})",
                ),
                "broken",
            ),
            unit=NUMBER,
            thresholds=steps((1, BAD)),
            width=6,
            height=6,
            links=[_OBJECTIVES],
            no_value="it promises nothing",
        ),
        state_timeline(
            "Promises",
            """When the chosen checks kept what they promise under slo:, at one location at least.""",
            prom(
                f"max by (job, argus_check_name, argus_check_slo) ({_KEPT})", "{{argus_check_name}} {{argus_check_slo}}"
            ),
            mappings=values({"0": ("broken", BAD), "1": ("kept", GOOD)}),
            width=18,
            no_value="it promises nothing",
        ),
    ],
)

BOARD = Board(
    uid="argus-check",
    title="Checks: one",
    description="The status of one check over all agents, why it fails, what takes its time, which promises it breaks.",
    variables=[
        *variables.prometheus("Agent", having="argus_check_location"),
        variables.labels(
            "check",
            "Check",
            'label_values(argus_check_success{job=~"$job",instance=~"$instance"}, argus_check_name)',
            everything=".*",
        ),
    ],
    rows=[_STATUS, _TIME, _PROMISE],
)
