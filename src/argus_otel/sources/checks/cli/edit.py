"""``argus-otel checks edit``: changes a check of a file, by options or in an editor."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from argus_otel.sources.checks.file.fragment import Fragment, path_of
from argus_otel.sources.checks.file.text import EditError, FileText, decoded

from . import changes, given_file
from .options import add_dry_run, add_file, add_name, pair


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_file(parser)
    add_name(parser)
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        type=pair,
        action="append",
        default=[],
        help="a value, such as interval=1m, http.redirects=2 or expect.duration='< 2s'; keys with dots in them stand "
        "in quotes: 'expect.json.\"$.queue.depth\"=< 500'; may be given several times",
    )
    parser.add_argument(
        "--unset", metavar="KEY", action="append", default=[], help="remove a value, such as warn.duration"
    )
    add_dry_run(parser)


def run(arguments: argparse.Namespace) -> int:
    """Change the check; return 0, or 2 if it cannot be changed."""
    executors = given_file.executors()
    if not arguments.set and not arguments.unset:
        return _edit_in_editor(arguments, executors)

    def change(text: FileText) -> FileText:
        fragment = Fragment(text.check(arguments.name))
        for key in arguments.unset:
            fragment.unset(path_of(key))
        changes.set_all(fragment, arguments.set, executors)
        return text.with_check(arguments.name, str(fragment))

    return changes.apply(arguments, executors, change)


def _edit_in_editor(arguments: argparse.Namespace, executors: given_file.Executors) -> int:
    """Let the user edit the lines of the check. They are kept if they cannot be taken over."""
    try:
        text, _ = decoded(arguments.file.read_bytes())
        before = FileText(text).check(arguments.name)
    except EditError as error:
        given_file.refuse(f"{arguments.file}: {error}")
    except OSError as error:
        given_file.unreadable(arguments.file, error)
    descriptor, name = tempfile.mkstemp(prefix="check-", suffix=".yaml")
    draft = Path(name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(before)
    code = 2
    try:
        code = _edited(arguments, executors, before, draft)
    finally:  # a command that is refused ends by SystemExit
        if code:
            print(f"Your text is in {draft}.", file=sys.stderr)
        else:
            draft.unlink()
    return code


def _edited(arguments: argparse.Namespace, executors: given_file.Executors, before: str, draft: Path) -> int:
    _run_editor(draft)
    after = draft.read_text(encoding="utf-8")
    if after == before:
        print("Nothing was changed.")
        return 0

    def change(text: FileText) -> FileText:
        if text.check(arguments.name) != before:
            raise EditError(f"{arguments.name!r} was changed in the meantime")
        Fragment(after)  # it has to be one check still
        return text.with_check(arguments.name, after if after.endswith("\n") else f"{after}\n")

    return changes.apply(arguments, executors, change)


def _run_editor(draft: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ("notepad" if os.name == "nt" else "vi")
    try:
        ended = subprocess.run([*shlex.split(editor), str(draft)], check=False)  # noqa: S603 - the user's own editor
    except OSError as error:
        given_file.refuse(f"the editor {editor!r} cannot be started: {error.strerror}; set EDITOR, or use --set")
    if ended.returncode:
        given_file.refuse(f"the editor {editor!r} ended with code {ended.returncode}; nothing was changed")
