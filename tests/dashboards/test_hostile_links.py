"""A link to a dashboard sets its variables. Every value stays a literal, in every query that uses the variable."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import pytest

from argus_otel.history.models import installed_schema
from argus_otel.history.store import migrations
from argus_otel.history.store.client import connect
from lab.clickhouse import ClickHouse
from lab.jukebox.world import past
from lab.prometheus import Prometheus as Server
from tools.dashboards.queries import chosen, clickhouse, given, one_of
from tools.grafana import filling
from tools.grafana.macros import MacroError
from tools.grafana.model import Dashboard, Json, Target, shipped
from tools.grafana.session import Session
from tools.grafana.sources import ClickHouse as Source
from tools.grafana.sources import Prometheus

from .promql import read

DASHBOARDS = shipped()
BENIGN = "nothing"
HOSTILE = (
    "'", '"', "`", "\\", "\\'", '\\"', "''", "\\\\'", "'\\", "x\\",
    "\\' or 1=1 -- ", "' or 1=1 -- ", "1\\' or 1=1 #", "') or (1=1", "\\') or 1=1 or (\\'", "'' or ''=''",
    "'; drop table discord_events; --", "\\' union all select * from url('http://127.0.0.1:1', 'CSV') -- ",
    "*/ or 1=1 /*", "/*", "-- ", "# ", "$x$ or 1=1 $x$", "1 or 1=1", "week), sleep(3", "0) or vector(1",
    "a\nb' or 1=1 --\n", "a\r\nb", "\t'", "\x00'", "ü ' or 1=1 -- 世界 \u2019 \u2028 \U0001f600",
    "${guild}", "$guild", "${guild:raw}", "[[guild]]", "$__timeFilter(Timestamp)",
    "$__conditionalAll(1, $guild)", "$__toTime",
    "$'", "$&", "%27 or 1=1", "%", "{a,b}", "}", "a,b", "',',", "','", "|", ".*", "(", ")", "[5m]", "\\\\d",
    '",job!="', '"} or vector(1) or x{a="', '\\"} or vector(1) #', "'} or {a='", '"})) or on() vector(1) #',
)  # fmt: skip
"""Values that break out of a literal of ClickHouse or of PromQL, with one kind of quoting or another."""

# One of each kind, for the engine runs every query with each; its lexer, and ours, judge all of them.
ATTACKS = (
    "\\' or 1=1 -- ", "' or 1=1 -- ", "\\' union all select * from url('http://127.0.0.1:1', 'CSV') -- ",
    "a\nb' or 1=1 --\n", "week), sleep(3", "$__timeFilter(Timestamp)",
)  # fmt: skip
assert set(ATTACKS) <= set(HOSTILE)

PAIRS = [
    (shown, variable)
    for shown in DASHBOARDS
    for variable in shown.variables
    if variable["type"] in ("query", "custom", "textbox")
]
EACH_PAIR = pytest.mark.parametrize(
    ("shown", "variable"), PAIRS, ids=[f"{shown.uid}-{variable['name']}" for shown, variable in PAIRS]
)
EACH = pytest.mark.parametrize("shown", DASHBOARDS, ids=lambda shown: shown.uid)
NOWHERE = Prometheus("http://127.0.0.1:9")

_TEXTS_OF_SQL = re.compile(
    r"""(?P<text>'(?:\\.|''|[^'\\])*')|(?P<comment>--[^\n]*|/\*.*?\*/|\#[ !][^\n]*)|(?P<heredoc>\$(\w*)\$.*?\$\4\$)
    |(?P<name>`(?:\\.|``|[^`\\])*`|"(?:\\.|""|[^"\\])*")|(?P<word>\w+)|(?P<sign>\S)""",
    re.DOTALL | re.VERBOSE,
)
_TEXTS_OF_PROMQL = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`)|(?P<comment>\#[^\n]*)|(?P<word>\w+)|(?P<sign>\S)""",
    re.VERBOSE,
)


@cache
def tokens(pattern: re.Pattern[str], text: str) -> list[str]:
    """Return the tokens of a statement, each literal of them empty: the part that says what is done."""
    return ["''" if found.lastgroup == "text" else found[0] for found in pattern.finditer(text)]


def changed(pattern: re.Pattern[str], harmless: str, text: str) -> bool:
    """Whether a statement has other tokens than the harmless one; the same text has the same."""
    return text != harmless and tokens(pattern, text) != tokens(pattern, harmless)


def opened(shown: Dashboard, typed: dict[str, str], source: Source | None = None) -> Session:
    """Open a dashboard by a link; variables that the link does not set have a value that no row has."""
    names = (variable["name"] for variable in shown.variables if variable["type"] != "datasource")
    until = time.time() // 3600 * 3600 + 3600
    return Session(shown, NOWHERE, source, until - 90 * 86400, until, typed={**dict.fromkeys(names, BENIGN), **typed})


def where(target: Target) -> str:
    """Return a text that identifies the query in its dashboard."""
    return f"{target.panel.get('id')}: {target.where}"


def statements(session: Session) -> Iterator[tuple[str, str]]:
    """Each query of SQL as ClickHouse gets it."""
    for target in session.dashboard.targets():
        if target.sql:
            yield where(target), session.sql(target.sql, 60)


def expressions(session: Session, write: filling.Write = filling.as_promql) -> Iterator[tuple[str, str]]:
    """Each query of PromQL as Prometheus gets it, those of variables among them."""
    for variable in session.dashboard.variables:
        if variable["type"] == "query" and (variable.get("datasource") or {}).get("type") == "prometheus":
            yield f"${variable['name']}", filling.fill(variable["query"]["query"], session.chosen, write)
    for target in session.dashboard.targets():
        if target.promql:
            yield where(target), filling.fill(target.promql, session.chosen, write)


def broken_out(shown: Dashboard, names: Sequence[str]) -> Iterator[str]:
    """Yield the queries that a hostile value turns into other queries."""
    harmless = opened(shown, {})
    sql, promql = dict(statements(harmless)), dict(expressions(harmless))
    for value in HOSTILE:
        session = opened(shown, dict.fromkeys(names, value))
        try:
            filled = list(statements(session))
        except MacroError as error:
            yield f"{value!r} is read as a macro: {error}"
            continue
        for position, text in filled:
            if changed(_TEXTS_OF_SQL, sql[position], text):
                yield f"{position}: {value!r} becomes a part of the statement"
        for position, text in expressions(session):
            if "\n" not in value and changed(_TEXTS_OF_PROMQL, promql[position], text):  # no literal there may have one
                yield f"{position}: {value!r} becomes a part of the expression"


@EACH_PAIR
def test_no_value_of_a_variable_leaves_its_literal(shown: Dashboard, variable: Json) -> None:
    assert list(broken_out(shown, [variable["name"]])) == []


@EACH
def test_no_value_of_all_variables_at_once_leaves_its_literal(shown: Dashboard) -> None:
    assert list(broken_out(shown, list(opened(shown, {}).typed))) == []


@EACH
def test_each_value_in_sql_is_decoded_by_clickhouse_from_what_cannot_leave_a_text(shown: Dashboard) -> None:
    position = re.compile(r"decodeURLComponent\('\$\{(\w+):percentencode\}'\)|\$__conditionalAll\(|, \$\w+\)")
    for target in shown.targets():
        rest = position.sub("", target.sql)
        assert not filling.referred(rest) & opened(shown, {}).typed.keys(), target.where


@EACH
def test_each_value_in_a_link_is_encoded(shown: Dashboard) -> None:
    for panel in shown.panels():
        for url in re.findall(r'"url": "([^"]*)"', json.dumps(panel)):
            for name, form in re.findall(r"\$\{([^:}]+)(?::(\w+))?\}", url):
                assert name.startswith("__url_") or form in ("percentencode", "queryparam"), url


def quoted(by: str) -> Callable[[Json], Json]:
    """A dashboard whose variables in SQL are written by another format of Grafana's."""

    def change(model: Any) -> Any:
        if isinstance(model, str):
            return re.sub(r"decodeURLComponent\('\$\{(\w+):percentencode\}'\)", rf"${{\1:{by}}}", model)
        if isinstance(model, dict):
            return {name: change(value) for name, value in model.items()}
        return [change(one) for one in model] if isinstance(model, list) else model

    return change


@pytest.mark.parametrize("by", ["singlequote", "sqlstring", "doublequote", "raw", "csv"])
def test_a_variable_that_is_quoted_by_grafana_does_leave_its_literal(by: str) -> None:
    (shown,) = (one for one in DASHBOARDS if one.uid == "argus-traces")
    model = quoted(by)(shown.model)
    assert list(broken_out(Dashboard(model, shown.name), ["guild"]))


def asked(expression: str) -> tuple[list[str], list[Any]] | None:
    """Return the metrics that an expression selects, and its groupings; None if Prometheus would refuse it."""
    try:
        found = read(expression)
    except ValueError:
        return None
    return [selector.metric for selector in found.selectors], found.groupings


@EACH
def test_a_grafana_without_the_feature_lets_a_link_add_matchers_and_nothing_else(shown: Dashboard) -> None:
    """compose.yaml switches it on. Without it every sign of a call, a selector or a grouping is escaped, not quotes."""
    harmless = dict(expressions(opened(shown, {}), filling.as_promql_by_default))
    names = [variable["name"] for variable in shown.variables if variable["type"] == "query"]
    for value in (one for one in HOSTILE if '"' in one):
        for position, text in expressions(opened(shown, dict.fromkeys(names, value)), filling.as_promql_by_default):
            if "label_values" not in text:
                assert text == harmless[position] or asked(text) in (None, asked(harmless[position])), (position, value)


# -- Prometheus's reading


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Return an empty one: any answer comes from the text of the query."""
    directory = tmp_path_factory.mktemp("prometheus") / "data"
    with Server.running_in(directory, "global: {scrape_interval: 1s}\n") as server:
        yield Prometheus(server.url)


@EACH
def test_prometheus_takes_every_expression_and_answers_nothing_whatever_the_value(
    shown: Dashboard, prometheus: Prometheus
) -> None:
    for value in ('"} or vector(1) or x{a="', '\\"} or vector(1) #', '",job!="', "\\", '0.999"', "0) or vector(1"):
        session = opened(shown, dict.fromkeys(opened(shown, {}).typed, value))
        for target in shown.targets():
            if target.promql:
                told = prometheus.instant(session.promql(target)[0], session.until)
                assert told["result"] == [], (where(target), value)


@pytest.mark.parametrize(
    ("typed", "told"), [("0.99", "0.99"), ("0.9995", "0.9995"), ("0.5", "NaN"), ('0.99" or', "NaN")]
)
def test_a_number_is_one_of_those_that_may_be_chosen(prometheus: Prometheus, typed: str, told: str) -> None:
    filled = filling.fill(one_of(["0.99", "0.9995"], "it"), {"it": filling.Value((typed,))}, filling.as_promql)
    assert prometheus.instant(filled, time.time())["result"][1] == told


# -- ClickHouse's reading


@pytest.fixture(scope="module")
def source(clickhouse: ClickHouse) -> Source:
    """Months of history, and 44 traces."""
    database = f"hostile_{uuid.uuid4().hex[:8]}"
    store = connect(clickhouse.dsn(database))
    try:
        migrations.migrate(store, installed_schema())
        store.insert(list(past(time.time(), 4_000)))
    finally:
        store.close()
    clickhouse.query(
        """insert into otel_traces (Timestamp, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, ResourceAttributes,
            SpanAttributes, Duration, StatusCode, `Events.Timestamp`, `Events.Name`, `Events.Attributes`)
        select now64(9) - interval number minute, lower(hex(number)), 'a', '', 'command play', 'jukebox',
            map('discord.cluster.id', 'cluster-0'),
            map('discord.guild.id', toString(1 + number), 'discord.shard.id', '0', 'discord.command.name', 'play'),
            1000000 * number, 'Error', [now64(9)], ['exception'], [map('exception.type', 'KeyError')]
        from numbers(44)""",
        database,
    )
    clickhouse.query(
        """insert into otel_logs (Timestamp, TraceId, ServiceName, Body, SeverityText, SeverityNumber,
            ResourceAttributes, LogAttributes)
        select now64(9) - interval number minute, lower(hex(number)), 'jukebox', 'it failed', 'ERROR', 17,
            map('discord.cluster.id', 'cluster-0'), map('event.name', if(number % 2, 'asyncio.loop.blocked', ''))
        from numbers(44)""",
        database,
    )
    return Source(clickhouse.url, database, clickhouse.user, clickhouse.password)


def answered(shown: Dashboard, source: Source, typed: dict[str, str]) -> dict[str, list[list[Any]]]:
    """The rows of each query of SQL, by where it is; sorted, since not every query says in which order."""
    session = opened(shown, typed, source)
    return {position: sorted(source.query(text)[1], key=repr) for position, text in statements(session)}


WITH_SQL = [shown for shown in DASHBOARDS if any(target.sql for target in shown.targets())]
EACH_WITH_SQL = pytest.mark.parametrize("shown", WITH_SQL, ids=lambda shown: shown.uid)


@EACH_WITH_SQL
def test_clickhouse_answers_a_hostile_value_as_any_that_nothing_has(shown: Dashboard, source: Source) -> None:
    expected = answered(shown, source, {})
    for value in ATTACKS:
        assert answered(shown, source, dict.fromkeys(opened(shown, {}).typed, value)) == expected, value


@EACH_WITH_SQL
def test_clickhouse_reads_the_same_statement_whatever_the_value(shown: Dashboard, source: Source) -> None:
    """By its own lexer: the words are the same, and the texts are where they were, whatever is in them."""

    def words(typed: dict[str, str]) -> list[list[str]]:
        texts = [text.encode().hex() for _, text in statements(opened(shown, typed))]
        _, found = source.query(
            """select arrayMap(
                token -> if(token.3 = 'StringLiteral', '?', substring(text, token.1 + 1, token.2 - token.1)),
                arrayFilter(token -> token.3 != 'Whitespace', tokenizeQuery(text)))
            """
            f"from (select unhex(arrayJoin({texts})) as text)"
        )
        return [_with_one_text_a_list(each) for (each,) in found]

    expected = words({})
    assert any("?" in each for each in expected)
    for value in HOSTILE:
        assert words(dict.fromkeys(opened(shown, {}).typed, value)) == expected, value


def _with_one_text_a_list(words: list[str]) -> list[str]:
    """Return the words of a statement with one text for each list of them: a value with a comma in it is two."""
    found: list[str] = []
    for word in words:
        if word == "?" and found[-2:] == ["?", ","]:
            found.pop()
        else:
            found.append(word)
    return found


TRACES = "1: 'Traces' A"


def of_traces(condition: str) -> Dashboard:
    """A dashboard with one query, that counts the traces that a condition leaves."""
    target = {"refId": "A", **clickhouse(f"select count() from otel_traces where {condition}")}
    variables = [
        {"type": "query", "name": name, "multi": True, "includeAll": True, "query": "", "datasource": {}}
        for name in ("service",)
    ]
    variables.append({"type": "textbox", "name": "guild"})
    return Dashboard(
        {"panels": [{"id": 1, "title": "Traces", "targets": [target]}], "templating": {"list": variables}}, "one"
    )


def test_none_of_44_traces_is_shown_to_a_guild_that_is_a_condition(source: Source) -> None:
    value = "1\\' or 1=1 -- "
    position = f"GuildId = toUInt64OrZero({given('guild')})"
    assert answered(of_traces(position), source, {"guild": value})[TRACES] == [[0]]
    former = "GuildId = toUInt64OrZero(${guild:singlequote})"
    assert answered(of_traces(former), source, {"guild": "1\\') or 1=1 -- "})[TRACES] == [[44]]
    assert answered(of_traces(position), source, {"guild": "7"})[TRACES] == [[1]]


NAMES = ("plain", "two words", "it's", "back\\slash", "back\\'slash", "a,b", "a", "{braced}", "{", "1%", "%27", "ü 世",
         "$1", "\\1", "new\nline", 'double"quote', "(a|b)", "a.c", "abc", "", "[x]")  # fmt: skip


@pytest.fixture(scope="module")
def named(source: Source, clickhouse: ClickHouse) -> Source:
    """A trace of a service of each name."""
    database = f"names_{uuid.uuid4().hex[:8]}"
    clickhouse.query(f"create database {database}")
    clickhouse.query(f"create table otel_traces as {source.database}.otel_traces", database)
    for name in NAMES:
        text = name.encode().hex()
        clickhouse.query(f"insert into otel_traces (Timestamp, ServiceName) select now64(9), unhex('{text}')", database)
    return Source(source.url, database, source.user, source.password)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_chosen_is_found_whatever_letters_it_has(name: str, named: Source) -> None:
    shown = of_traces(chosen("ServiceName", "service"))
    found = answered(shown, named, {"service": name})[TRACES]
    # A list of one with a comma in it is written as a list of two.
    of_two = {"a,b": 2}
    everything = len(NAMES) if not name else 1
    assert found == [[of_two.get(name, everything)]]


def test_several_names_that_are_chosen_are_all_found(named: Source) -> None:
    shown = of_traces(chosen("ServiceName", "service"))
    session = opened(shown, {}, named)
    session.chosen["service"] = filling.Value(("it's", "a,b", "back\\slash", "{braced}"), several=True)
    ((_, text),) = statements(session)
    assert named.query(text)[1] == [[5]]  # and "a"


def test_a_chosen_value_is_looked_up_in_the_primary_key(named: Source) -> None:
    session = opened(of_traces(chosen("ServiceName", "service")), {}, named)
    session.chosen["service"] = filling.Value(("it's", "a,b"), several=True)
    ((_, text),) = statements(session)
    (plan,) = [line for (line,) in named.query(f"explain indexes = 1 {text}")[1] if "ServiceName in" in line]
    assert "set" in plan
