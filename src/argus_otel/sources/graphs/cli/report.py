"""``argus-otel graphs report``: a report about a run, as Markdown or HTML, by a template that users may replace."""

from __future__ import annotations

import argparse
import html
import sys
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from argus_otel.terminal.records import text_of

from .asking import add_run, add_store_alone, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History
    from argus_otel.sources.graphs.history.results import RunDetail

_ENDINGS = {"md": "md", "html": "html"}
_NODES = ("node", "step", "outcome", "duration", "attempts", "wrote", "routes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("--template", metavar="FILE", type=Path, help="a template of your own")
    add_store_alone(parser, "md", "html")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    try:
        template = _template(arguments)
    except OSError as error:
        print(f"argus-otel graphs report: {arguments.template}: {error.strerror or error}", file=sys.stderr)
        return 2

    def show(detail: RunDetail, form: str) -> int:
        print(rendered(detail, template, form), end="")
        return 0

    return run_graphs_query("report", _query, arguments, show=show)


def _template(arguments: argparse.Namespace) -> str:
    if arguments.template is not None:
        return arguments.template.read_text(encoding="utf-8")
    return (resources.files(__package__ or "") / "templates" / f"run.{arguments.format}").read_text(encoding="utf-8")


def _query(history: History, arguments: argparse.Namespace) -> RunDetail:
    return history.run(arguments.run_id)


def rendered(detail: RunDetail, template: str, form: str) -> str:
    """Return a report. Words of a template that are unknown stay as they are."""
    from .tree import lines_of

    run = detail.run
    facts = {
        "run": str(run.id),
        "ended": f"{run.end:%Y-%m-%d %H:%M:%S} UTC",
        "outcome": f"{run.outcome} {run.error}".strip(),
        "duration": f"{run.duration:.3f} s",
        "steps": str(run.steps),
        "calls": f"{run.inference_calls} of models, {run.tool_calls} of tools",
        "tokens": _tokens(detail),
        "thread": run.thread or "-",
        "trace": run.trace_id or "-",
    }
    as_html = form == "html"
    words = {
        "title": _text(f"{run.graph}: {run.outcome}", as_html),
        "summary": _table(("", ""), list(facts.items()), as_html),
        "tree": "\n".join(_text(line, as_html) for line in lines_of(detail)),
        "findings": _findings(detail, as_html),
        "nodes": _table(_NODES, _rows(detail), as_html),
    }
    return Template(template).safe_substitute(words)


def _tokens(detail: RunDetail) -> str:
    run = detail.run
    if run.input_tokens is None or run.output_tokens is None:
        return "not reported"
    return f"{run.input_tokens} in, {run.output_tokens} out"


def _rows(detail: RunDetail) -> list[tuple[str, ...]]:
    return [
        (
            node.node,
            str(node.step),
            f"{node.outcome} {node.error}".strip(),
            f"{node.duration * 1000:.1f} ms",
            str(node.attempts),
            ", ".join(f"{key}: {kind}" for key, (kind, _) in node.written.items()),
            ", ".join(node.routes),
        )
        for node in detail.nodes
    ]


def _findings(detail: RunDetail, as_html: bool) -> str:
    from .why import cause, sentence

    if not detail.findings:
        return _text("No rule has found anything.", as_html)
    lines = [
        sentence(each) + (f". Cause: {cause(each)}; path: {each.path}" if each.cause_node else "")
        for each in detail.findings
    ]
    if as_html:
        return "<ul>\n" + "\n".join(f"<li>{_text(line, True)}</li>" for line in lines) + "\n</ul>"
    return "\n".join(f"- {_text(line, False)}" for line in lines)


def _table(names: tuple[str, ...], rows: list[tuple[str, ...]], as_html: bool) -> str:
    if as_html:
        head = "".join(f"<th>{_text(name, True)}</th>" for name in names) if any(names) else ""
        body = "\n".join(f"<tr>{''.join(f'<td>{_text(cell, True)}</td>' for cell in row)}</tr>" for row in rows)
        return f"<table>\n{f'<tr>{head}</tr>' + chr(10) if head else ''}{body}\n</table>"
    lines = [names, tuple("---" for _ in names), *rows]
    return "\n".join(f"| {' | '.join(_text(cell, False) for cell in line)} |" for line in lines)


def _text(text: str, as_html: bool) -> str:
    printable = text_of(text) if text else ""
    if as_html:
        return html.escape(printable)
    return printable.replace("|", "\\|").replace("<", "&lt;")
