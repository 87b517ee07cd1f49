"""``argus-otel checks add``: adds a check to a file."""

from __future__ import annotations

import argparse
from typing import Any

from argus_otel.sources.checks.file.fragment import Fragment, block_mapping, value_of
from argus_otel.sources.checks.file.text import EditError, FileText

from . import changes, given_file
from .options import add_dry_run, add_file, add_name, pair

_SINGLE = ("interval", "timeout", "service")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_file(parser)
    add_name(parser)
    parser.add_argument("type", metavar="TYPE", help="what probes, such as http")
    parser.add_argument(
        "target", metavar="TARGET", nargs="?", help="what is probed, such as a URL; left out where the type needs none"
    )
    parser.add_argument("--interval", metavar="DURATION", help="the distance of runs, such as 30s")
    parser.add_argument("--timeout", metavar="DURATION", help="how long an attempt may take, such as 5s")
    parser.add_argument("--service", metavar="NAME", help="the service that it belongs to")
    parser.add_argument(
        "--parent", metavar="NAME", action="append", default=[], help="a check without which it cannot succeed"
    )
    for name, meaning in (("expect", "or the run fails"), ("warn", "or the check is degraded")):
        parser.add_argument(
            f"--{name}",
            metavar="SUBJECT=CONDITION",
            type=pair,
            action="append",
            default=[],
            help=f"what must hold, {meaning}, such as status=200 or duration='< 2s'; may be given several times",
        )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        type=pair,
        action="append",
        default=[],
        help="any other value, such as http.redirects=2 or retries=0; may be given several times",
    )
    add_dry_run(parser)


def run(arguments: argparse.Namespace) -> int:
    """Add the check; return 0, or 2 if it cannot be added."""
    executors = given_file.executors()
    given_file.known_type(arguments.type, executors)

    def change(text: FileText) -> FileText:
        if arguments.name in text.names():
            raise EditError(f"there is a check {arguments.name!r} already; change it by `argus-otel checks edit`")
        return text.with_new_check(str(_check(arguments, executors)))

    return changes.apply(arguments, executors, change, create=True)


def _check(arguments: argparse.Namespace, executors: given_file.Executors) -> Fragment:
    check: Any = block_mapping()
    check[arguments.type] = {} if arguments.target is None else value_of(arguments.target)
    fragment = Fragment.made(arguments.name, check)
    settings = [(key, getattr(arguments, key)) for key in _SINGLE if getattr(arguments, key) is not None]
    if arguments.parent:
        settings.append(("parents", f"[{', '.join(arguments.parent)}]"))
    changes.set_all(fragment, [*settings, *arguments.set], executors)
    for section in ("expect", "warn"):
        for subject, condition in getattr(arguments, section):
            fragment.set((section, subject), value_of(condition))
    return fragment
