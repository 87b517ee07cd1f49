"""``argus-otel graphs report``: a report about a run, as Markdown or HTML, by a template that users may replace."""

from __future__ import annotations

import argparse
import sys
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from argus_otel.terminal.queries import add_store_alone

from .asking import add_run, run_graphs_query
from .report_forms import FORMS, Form

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History
    from argus_otel.sources.graphs.history.results import RunDetail

_NODES = ("node", "step", "outcome", "begin", "duration", "attempts", "wrote", "tools", "routes")
_WEB = (".html", ".htm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("--template", metavar="FILE", type=Path, help="a template of your own, in place of the shipped")
    parser.add_argument(
        "--format", choices=tuple(FORMS), help="the format (md, or html if the name of your template ends in .html)"
    )
    add_store_alone(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    path: Path | None = arguments.template
    if arguments.format is None:
        arguments.format = "html" if path is not None and path.suffix.lower() in _WEB else "md"
    try:
        template = _shipped(arguments.format) if path is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        print(f"argus-otel graphs report: {path} cannot be read: {error}", file=sys.stderr)
        return 2

    def show(detail: RunDetail, form: str) -> int:
        print(rendered(detail, template, FORMS[form]), end="")
        return 0

    return run_graphs_query("report", _query, arguments, show=show)


def _shipped(form: str) -> str:
    return (resources.files(__package__ or "") / "templates" / f"run.{form}").read_text(encoding="utf-8")


def _query(history: History, arguments: argparse.Namespace) -> RunDetail:
    return history.run(arguments.run_id)


def rendered(detail: RunDetail, template: str, form: Form) -> str:
    """Return a report. Words of a template that are unknown stay as they are."""
    from .facts import facts_of
    from .tree import lines_of

    run = detail.run
    words = {
        "title": form.text(f"{run.graph}: {run.outcome} {run.error}".rstrip()),
        "summary": form.table(("", ""), facts_of(run)),
        "findings": form.items(_findings(detail)),
        "tree": form.lines(lines_of(detail)),
        "nodes": form.table(_NODES, _rows(detail)),
    }
    return Template(template).safe_substitute(words)


def _findings(detail: RunDetail) -> list[str]:
    from .why import cause, sentence

    found = [
        f"{sentence(each)}; cause: {cause(each)}; path: {each.path}" if each.cause_node else sentence(each)
        for each in detail.findings
    ]
    return found or ["No rule has found anything in this run."]


def _rows(detail: RunDetail) -> list[tuple[str, ...]]:
    from argus_otel.sources.graphs.history.baselines import node_name

    from .tree import duration_text, written_text

    return [
        (
            node_name(node.graph, node.node, detail.run.graph),
            str(node.step),
            f"{node.outcome} {node.error}".rstrip(),
            duration_text(node.began),
            duration_text(node.duration),
            str(node.attempts),
            written_text(node),
            ", ".join(node.tools),
            ", ".join(node.routes),
        )
        for node in detail.nodes
    ]
