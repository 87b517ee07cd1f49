"""``argus-otel catalogue``: what the distro can emit.

:mod:`.contents` gathers it from the catalogues; each module beside it writes one format.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .contents import KINDS, gather

_FORMATS = ("table", "json", "markdown", "weaver")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="only what has this in its name, or in its name in Prometheus; with * and ?, the whole name; in full",
    )
    parser.add_argument("--kind", choices=KINDS, help="only these")
    parser.add_argument("--format", choices=_FORMATS, default="table", help="how to write it (%(default)s)")
    parser.add_argument(
        "--output", metavar="DIR", type=Path, help="where to write a registry for OpenTelemetry Weaver: --format weaver"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print, or write the registry; return 0, 1 where nothing matches, and 2 for what does not go together."""
    wrong = _wrong_with(arguments)
    if wrong:
        print(f"argus-otel catalogue: {wrong}", file=sys.stderr)
        return 2
    contents = gather()
    if arguments.format == "weaver":
        from .weaver import write

        for path in write(contents, arguments.output):
            print(path)
        return 0
    contents = contents.only(arguments.kind, arguments.names)
    if not contents:
        print(f"argus-otel catalogue: nothing is called {' or '.join(arguments.names)}", file=sys.stderr)
        return 1
    if arguments.format == "json":
        from .document import as_json as render
    elif arguments.format == "markdown":
        from .markdown import as_markdown as render
    elif arguments.names:
        from .text import in_full as render
    else:
        from .text import in_short as render
    print(render(contents))
    return 0


def _wrong_with(arguments: argparse.Namespace) -> str | None:
    if arguments.format != "weaver":
        return None if arguments.output is None else "--output is for --format weaver"
    if arguments.output is None:
        return "--format weaver writes files: say where, with --output DIR"
    if arguments.names or arguments.kind:
        return "--format weaver writes the whole registry: part of it would lack what the rest refers to"
    return None
