"""Variables are written as Grafana writes them, by its own registry of formats."""

from __future__ import annotations

import pytest

from tools.grafana.filling import Value, as_promql, as_promql_by_default, fill

ONE = Value(("it's (a)",))
ONE_OF_SEVERAL = Value(("a.b",), several=True)
TWO = Value(("a b!", 'c"d'), several=True)
ALL = Value(("a", "b"), several=True, everything=".*", all=True)


@pytest.mark.parametrize(
    ("form", "value", "written"),
    [
        ("percentencode", ONE, "it%27s%20%28a%29"),
        ("percentencode", ONE_OF_SEVERAL, "%7Ba.b%7D"),  # braces around a list of one too, unlike glob
        ("percentencode", TWO, "%7Ba%20b%21%2Cc%22d%7D"),
        ("percentencode", ALL, ".%2A"),  # a custom "all" is encoded by this format, and left alone by others
        ("percentencode", Value(("",)), ""),
        ("glob", ONE_OF_SEVERAL, "a.b"),
        ("glob", TWO, '{a b!,c"d}'),
        ("singlequote", ONE, "'it\\'s (a)'"),
        ("doublequote", TWO, '"a b!","c\\"d"'),
        ("sqlstring", TWO, "'a b!','c\\\"d'"),
        ("sqlstring", ONE, "'it''s (a)'"),
        ("regex", ONE_OF_SEVERAL, "a\\.b"),
        ("json", ONE, "it's (a)"),
        ("csv", TWO, 'a b!,c"d'),
        ("pipe", ALL, ".*"),
        ("text", ALL, "All"),
        ("queryparam", ONE_OF_SEVERAL, "var-it=a.b"),
    ],
)
def test_a_format_writes_what_grafanas_does(form: str, value: Value, written: str) -> None:
    assert fill(f"<${{it:{form}}}>", {"it": value}, as_promql) == f"<{written}>"


@pytest.mark.parametrize(
    ("value", "with_the_feature", "by_default"),
    [
        (ONE_OF_SEVERAL, r"a\\.b", r"a\\.b"),
        (Value(('a"b', "c\\d"), several=True), r"(a\\\"b|c\\\\d)", r'(a"b|c\\\\d)'),
        (Value(('a"b\\',)), r"a\"b\\", r'a"b\\'),
        (ALL, ".*", ".*"),
    ],
)
def test_prometheus_gets_what_its_data_source_escapes(value: Value, with_the_feature: str, by_default: str) -> None:
    assert fill("$it", {"it": value}, as_promql) == with_the_feature
    assert fill("$it", {"it": value}, as_promql_by_default) == by_default
