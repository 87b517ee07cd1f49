"""Reports about runs: the shipped templates, one of the user's own, and what names may not do in them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

from argus_otel.sources.graphs.cli.report import rendered
from argus_otel.sources.graphs.cli.report_forms import FORMS, Html, Markdown
from argus_otel.sources.graphs.history.results import NodeRun, RecordedEvaluation, RecordedFinding, Run, RunDetail
from tests.typed import Typed

from .conftest import Run as Failed

NASTY = "<script>alert(1)</script>|`${title}`\x1b[31m](http://x)*_a_*&\"'\n# b"
TEMPLATE = "${title}\n${summary}\n${findings}\n${tree}\n${nodes}\n${unknown} $(document) $5"


def nasty(text: str = NASTY) -> RunDetail:
    """A run in which everything that a program may choose is such a text."""
    now = datetime.now(timezone.utc)
    run = Run("5f0c7c52", now, text, text, text, 1.0, 1, 1, 1, 1, None, None, 1, 1, text, text, text)
    node = NodeRun(0, text, text, 1, 0.0, 1.0, text, text, 2, (), -1, (text,), {text: (text, 1)}, (text,))
    finding = RecordedFinding("5f0c7c52", now, text, text, "error", text, 1, 0, text, text, 1, text, text, text)
    evaluation = RecordedEvaluation("5f0c7c52", now, text, text, 1, 0, text, 0.5, text, text, "")
    return RunDetail(run, (node,), (finding,), (evaluation,))


class Seen(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_markdown(graphs: Typed, failed: Failed) -> None:
    ended = graphs("report", failed.id[:8])
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("# support: error KeyError\n\n|  |  |\n| --- | --- |\n| run | " + failed.id)
    assert (
        "\n- error: key_missing docs at write (step 3); cause: fetch (step 1) wrote docs under another name"
        in ended.out
    )
    assert "\n```text\nsupport  error KeyError" in ended.out
    assert re.search(
        r"^\| finder: look \| \d+ \| ok \| [\d.]+ ms \| [\d.]+ ms \| 1 \| score: float \|  \| rank \|$", ended.out, re.M
    )
    assert "${" not in ended.out


def test_html(graphs: Typed, failed: Failed) -> None:
    ended = graphs("report", failed.id[:8], "--format", "html")
    assert ended.code == 0
    seen = Seen(ended.out)
    assert seen.open == []
    assert ended.out.startswith('<!doctype html>\n<html lang="en">')
    assert "<title>support: error KeyError</title>" in ended.out
    assert seen.tags.count("h2") == 3
    assert "└─ write  error KeyError" in seen.text
    assert "script" not in seen.tags
    assert "${" not in ended.out
    assert "http" not in ended.out  # it loads nothing


def test_a_healthy_run(graphs: Typed, healthy: Failed) -> None:
    out = graphs("report", healthy.id).out
    assert out.startswith("# support: ok\n")
    assert "error" not in out.replace("errors", "")


def test_a_template_of_ones_own(graphs: Typed, failed: Failed, tmp_path: Path) -> None:
    path = tmp_path / "ours.txt"
    path.write_text("Run: ${title}\n$unknown ${also} $(x) 5 $\n")
    assert graphs("report", failed.id, "--template", path).out == (
        "Run: support: error KeyError\n$unknown ${also} $(x) 5 $\n"
    )


def test_the_ending_of_a_template_decides_on_how_texts_are_escaped(
    graphs: Typed, failed: Failed, tmp_path: Path
) -> None:
    for name in ("ours.html", "OURS.HTM"):
        path = tmp_path / name
        path.write_text("${summary}")
        assert graphs("report", failed.id, "--template", path).out.startswith("<table>\n<tr><td>run</td>")
    assert graphs("report", failed.id, "--template", path, "--format", "md").out.startswith("|  |  |")


def test_a_template_that_cannot_be_read(graphs: Typed, failed: Failed, tmp_path: Path) -> None:
    absent = tmp_path / "absent.md"
    ended = graphs("report", failed.id, "--template", absent)
    assert ended.code == 2
    assert ended.err.startswith(f"argus-otel graphs report: {absent} cannot be read: ")
    binary = tmp_path / "binary.md"
    binary.write_bytes(b"\xff\xfe\x00")
    assert graphs("report", failed.id, "--template", binary).code == 2


@pytest.mark.parametrize("form", FORMS)
def test_words_in_names_are_not_replaced(form: str) -> None:
    report = rendered(nasty("${nodes}"), "${title} ${unknown}", FORMS[form])
    assert "<table>" not in report
    assert "---" not in report
    assert report.endswith(" ${unknown}")


@given(strategies.one_of(strategies.just(NASTY), strategies.text(max_size=40).filter(str.strip)))
@settings(deadline=None)
def test_no_name_makes_an_element_of_html(text: str) -> None:
    seen = Seen(rendered(nasty(text), TEMPLATE, Html()))
    plain = Seen(rendered(nasty("x"), TEMPLATE, Html()))
    assert seen.tags == plain.tags
    assert seen.open == []


MARK = re.compile(r"(?<!\\)(?:\\\\)*[`*<>\[\]|~#!$&]")


@given(strategies.one_of(strategies.just(NASTY), strategies.text(max_size=40)))
@settings(deadline=None)
def test_no_name_is_markdown(text: str) -> None:
    form = Markdown()
    escaped = form.text(text)
    assert "\n" not in escaped
    assert escaped.isprintable()
    assert not MARK.search(escaped), escaped
    [line] = form.table(("a", "b"), [(text, "x")]).splitlines()[2:]
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 3
    for each in form.lines([text]).splitlines():
        assert not re.match(r"\s*(```|~~~)", each)


def test_a_run_without_nodes_or_findings() -> None:
    detail = replace(nasty("x"), nodes=(), findings=(), evaluations=())
    assert "No rule has found anything in this run." in rendered(detail, TEMPLATE, Markdown())
