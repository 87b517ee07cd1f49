"""``argus-otel checks remove``: removes a check from a file."""

from __future__ import annotations

import argparse
from typing import Any, cast

from argus_otel.sources.checks.file.fragment import Fragment
from argus_otel.sources.checks.file.text import EditError, FileText

from . import changes, given_file
from .options import add_dry_run, add_file, add_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_file(parser)
    add_name(parser)
    parser.add_argument(
        "--force", action="store_true", help="also remove it from the parents of other checks and from the anchors"
    )
    add_dry_run(parser)


def run(arguments: argparse.Namespace) -> int:
    """Remove the check; return 0, or 2 if it cannot be removed."""
    executors = given_file.executors()
    file = given_file.opened(arguments.file, executors, secrets_required=False)
    name: str = arguments.name
    children = [check.name for check in file.checks if name in check.parents]
    named = [f"the parent of {', '.join(children)}"] if children else []
    named += ["an anchor"] if name in file.anchors else []

    def change(text: FileText) -> FileText:
        if named and not arguments.force:
            raise EditError(f"{name!r} is {' and '.join(named)}; --force removes it there too")
        for child in children:
            text = text.with_check(child, _without(text.check(child), "parents", name))
        anchors = text.section("anchors")
        if name in file.anchors and anchors is not None:
            text = text.with_section("anchors", _without(anchors, "", name))
        return text.without_check(name)

    return changes.apply(arguments, executors, change)


def _without(lines: str, key: str, name: str) -> str:
    """Return the lines of an entry without a name in one of its lists, or in the list that it is."""
    fragment = Fragment(lines)
    names: Any = fragment.value[key] if key else fragment.value
    if isinstance(names, list) and len(cast("list[object]", names)) > 1:
        cast("list[object]", names).remove(name)
    elif key:
        fragment.unset((key,))
    else:
        fragment.value = []
    return str(fragment)
