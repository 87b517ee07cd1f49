"""``argus-otel catalogue``: lists every signal that can be emitted.

:mod:`.contents` gathers them from the catalogues; each other module writes one format.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from argus_otel.catalogues import PROBLEMS

from .contents import KINDS, NoSourceError, catalogues_of, gather

_FORMATS = ("table", "json", "markdown", "weaver")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="show in full the signals whose name contains this, in OpenTelemetry's spelling or Prometheus'; with * or "
        "?, a pattern for the whole name",
    )
    parser.add_argument(
        "--source", metavar="NAME", help="only the signals of this source; argus: those about argus-otel"
    )
    parser.add_argument("--kind", choices=KINDS, help="only signals of this kind")
    parser.add_argument("--format", choices=_FORMATS, default="table", help="the output format (%(default)s)")
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        help="the directory for a registry of OpenTelemetry Weaver: --format weaver",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print, or write the registry; return 0, 1 if nothing matches, and 2 for options that contradict each other."""
    wrong = _wrong_with(arguments)
    if wrong:
        print(f"argus-otel catalogue: {wrong}", file=sys.stderr)
        return 2
    for problem in PROBLEMS:
        print(f"argus-otel catalogue: without the source {problem.name}: {problem.detail}", file=sys.stderr)
    try:
        contents = gather(catalogues_of(arguments.source))
    except NoSourceError as error:
        print(f"argus-otel catalogue: {error}", file=sys.stderr)
        return 2
    if arguments.format == "weaver":
        from .weaver import write

        for path in write(contents, arguments.output):
            print(path)
        return 0
    contents = contents.only(arguments.kind, arguments.names)
    if not contents:
        of_kind = f" of kind {arguments.kind}" if arguments.kind else ""
        named = f" has {' or '.join(arguments.names)} in its name" if arguments.names else " is there"
        nothing = f"no signal{of_kind}{named}"
        print(f"argus-otel catalogue: {nothing}", file=sys.stderr)
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
        return "--format weaver writes files: name a directory, with --output DIR"
    if arguments.names or arguments.kind or arguments.source:
        return (
            "--format weaver writes the whole registry, whose parts refer to each other: give no NAME, kind or source"
        )
    return None
