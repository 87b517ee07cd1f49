"""Targets: the queries of panels to Prometheus and ClickHouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .style import Json

PROMETHEUS = {"type": "prometheus", "uid": "${prometheus}"}
CLICKHOUSE = {"type": "grafana-clickhouse-datasource", "uid": "${clickhouse}"}

SELECTED = 'job=~"$job",instance=~"$instance"'
"""Selects the processes that are chosen at the top of the dashboard."""

_WINDOW = "$__rate_interval"

_UNHEARD = 120
"""Seconds for which a process may run before Prometheus has its series: an export, and two scrapes."""

# The plugin's numbers: https://github.com/grafana/sqlds/blob/main/query.go
_FORMATS = {"timeseries": 0, "table": 1, "logs": 2, "traces": 3}
Form = Literal["timeseries", "table", "logs", "traces"]

# The plugin converts a query without it, or with one below 4, as one of its former editor.
_PLUGIN_VERSION = "4.10.0"


# -- PromQL


def of(metric: str, *matchers: str) -> str:
    """Return a selector of a metric, by the processes that are chosen, and by more matchers."""
    return f"{metric}{{{','.join([SELECTED, *matchers])}}}"


def rate(metric: str, *matchers: str, by: str = "", window: str = _WINDOW) -> str:
    """Return the rate of a counter per second, over all series, or by labels."""
    return f"sum{_by(by)} (rate({of(metric, *matchers)}[{window}]))"


def total(metric: str, *matchers: str, by: str = "") -> str:
    """Return the sum of a gauge, over all series, or by labels."""
    return f"sum{_by(by)} ({of(metric, *matchers)})"


def increase(metric: str, *matchers: str, by: str = "") -> str:
    """Return by how much a counter rose in one step of the graph, roughly: for rare events.

    Not the increase over the window, which is longer than a step: one event would be in several points, and their
    sum, in the legend, several times too large.
    """
    return f"sum{_by(by)} (rate({of(metric, *matchers)}[{_WINDOW}])) * $__interval_ms / 1000"


def counted(
    metric: str,
    *matchers: str,
    by: str = "",
    window: str = "$__range",
    seconds: str = "$__range_s",
) -> str:
    """Return by how much a counter rose in the dashboard's whole time range, or in another window before its end.

    A counter's series exists from the first event that it counts, and ``increase`` does not see that one, which of an
    error that happened once is all. So a series that did not exist when the window began counts in full, if its process
    did, or is younger than the window; otherwise a gap in the scrapes would pass for a burst.

    Parameters
    ----------
    window, seconds:
        The same span, as a duration and as a number.
    """
    series = of(metric, *matchers)
    uptime = of("process_uptime_seconds")
    heard_of = f"{uptime} offset {window} or {uptime} < {seconds} + {_UNHEARD}"
    began = f"({series} unless {series} offset {window}) and on (job, instance) ({heard_of})"
    return f"sum{_by(by)} (({began}) or increase({series}[{window}]))"


def quantile(share: float, metric: str, *matchers: str, by: str = "", window: str = _WINDOW) -> str:
    """Return a quantile of a histogram, which ``metric`` names without ``_bucket``."""
    return f"histogram_quantile({share:g}, {rate(metric + '_bucket', *matchers, by=_and('le', by), window=window)})"


def filled(expression: str, label: str, text: str) -> str:
    """Return an expression in which series without a label have one, which legends can show."""
    return f'label_replace({expression}, "{label}", "{text}", "{label}", "")'


def or_zero(expression: str, presence: str) -> str:
    """Return an expression that is 0 while it has no series but ``presence`` has some: nothing was counted yet.

    ``or vector(0)`` would be 0 for a process that has ended, too. Both have to have the same labels, or none.
    """
    return f"(({expression}) or 0 * ({presence}))"


def share(part: str, whole: str) -> str:
    """Return the share of ``part`` in ``whole``: 0 if no part was counted, no value if the whole is 0."""
    return f"{or_zero(part, whole)} / (({whole}) > 0)"


def average(metric: str, *matchers: str, by: str = "", window: str = _WINDOW) -> str:
    """Return a histogram's mean; no value if nothing was recorded."""
    gained = rate(metric + "_count", *matchers, by=by, window=window)
    return f"{rate(metric + '_sum', *matchers, by=by, window=window)} / ({gained} > 0)"


def quantile_in_range(share: float, metric: str, *matchers: str, by: str) -> str:
    """Return a quantile of a histogram over the dashboard's time range; no value if nothing was recorded."""
    buckets = counted(f"{metric}_bucket", *matchers, by=f"le, {by}")
    return f"histogram_quantile({share:g}, {buckets}) >= 0"  # which NaN is not


def one_of(numbers: Sequence[str], variable: str) -> str:
    """Return the number that a variable has, if it is one of these; not a number for anything else, as from a link.

    A variable that is written into an expression by itself could be any expression. Here it is a text, encoded so that
    it stays one, which is compared with each number.
    """
    texts = [(number, number) for number in numbers] + [("1", f"${{{variable}:percentencode}}")]
    *known, wanted = [f'label_replace(vector({number}), "is", "{text}", "", "")' for number, text in texts]
    return f"scalar(({' or '.join(known)}) and on (is) {wanted})"


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""


def _and(*labels: str) -> str:
    return ", ".join(label for label in labels if label)


# -- targets


def prom(
    expression: str,
    legend: str = "__auto",
    *,
    instant: bool = False,
    form: Literal["time_series", "table", "heatmap"] = "time_series",
    exemplar: bool = False,
    interval: str = "",
) -> Json:
    """Return a target that asks Prometheus.

    Parameters
    ----------
    legend:
        The name of a series, with ``{{label}}``.
    instant:
        Query the end of the time range only.
    exemplar:
        Show exemplars, each of which leads to a trace; for buckets of histograms.
    interval:
        The least step, such as ``1m``.
    """
    target: Json = {
        "datasource": PROMETHEUS,
        "editorMode": "code",
        "expr": expression,
        "legendFormat": legend,
        "format": form,
        "instant": instant,
        "range": not instant,
        "exemplar": exemplar,
    }
    if interval:
        target["interval"] = interval
    return target


def per(expression: str) -> Json:
    """Return a target for a table: one row for each series, as things are at the end of the time range."""
    return prom(expression, instant=True, form="table")


def now(expression: str, legend: str = "__auto") -> Json:
    """Return a target for a single figure, as things are at the end of the time range."""
    return prom(expression, legend, instant=True)


def percentiles(
    metric: str, *matchers: str, shares: tuple[float, ...] = (0.5, 0.95, 0.99), exemplars: bool = True
) -> list[Json]:
    """Return targets for quantiles of a histogram, called p50 and so on; the last brings the exemplars."""
    return [
        prom(quantile(one, metric, *matchers), f"p{one * 100:g}", exemplar=exemplars and one == shares[-1])
        for one in shares
    ]


def clickhouse(sql: str, form: Form = "table") -> Json:
    """Return a target that asks ClickHouse, in the default database of the data source.

    Parameters
    ----------
    sql:
        May use the plugin's macros, such as ``$__timeFilter(Timestamp)``, and variables of the dashboard.
    form:
        It decides which columns the answer needs. ``logs``: ``timestamp``, ``body``, ``level``, and ``labels`` and
        ``traceID`` if there are such. ``traces``: ``traceID``, ``spanID``, ``parentSpanID``, ``serviceName``,
        ``operationName``, ``startTime``, ``duration`` (ms), and ``tags`` and ``serviceTags`` if there are such.
        ``timeseries``: ``time``.
    """
    return {
        "datasource": CLICKHOUSE,
        "pluginVersion": _PLUGIN_VERSION,
        "editorType": "sql",
        "queryType": form,
        "format": _FORMATS[form],
        "rawSql": sql.strip(),
        "meta": {"timezone": "UTC"},
    }


def given(variable: str) -> str:
    """Return a variable's value as an expression of SQL: a literal that stays one, whatever value a link sets.

    Grafana's own quoting can: ``singlequote`` and ``sqlstring`` leave backslashes alone, which ClickHouse reads. Its
    ``percentencode`` writes letters, digits and ``-_.~%`` alone. Several values stand in braces, with commas between.
    """
    return f"decodeURLComponent('${{{variable}:percentencode}}')"


def chosen(column: str, variable: str) -> str:
    """Return a condition of SQL: the column has a value that the variable has; always true while that is "All".

    The plugin takes the macro apart by parentheses and commas, those in texts among them, and replaces as JavaScript
    does: parentheses have to be in pairs, and no dollar may stand before a quotation mark or an ampersand.
    """
    values = f"replaceRegexpOne({given(variable)}, '\\\\A(?s)[{{](.*)[}}]\\\\z', '\\\\1')"
    # A value with a comma cannot be distinguished from two values: every run of parts may be the value. A set, since
    # ClickHouse looks that up in the primary key, as it looks up no function of the column.
    runs = (
        "arrayMap(i -> arrayMap(n -> arrayStringConcat(arraySlice(parts, i, n), ','), range(1, length(parts) - i + 2)),"
        " range(1, length(parts) + 1))"
    )
    parts = f"select splitByChar(',', {values}) as parts"
    meant = f"select arrayJoin(arrayFlatten({runs})) from ({parts})"  # noqa: S608 - nothing of a user's is in it
    return f"$__conditionalAll({column} in ({meant}), ${variable})"
