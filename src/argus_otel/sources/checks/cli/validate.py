"""``argus-otel checks validate``: tells everything that is wrong with files of checks."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from argus_otel.sources.checks.file.checks_file import read
from argus_otel.sources.checks.file.problems import CheckFileError
from argus_otel.sources.problems import Problem

from . import given_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("files", metavar="FILE", type=Path, nargs="+", help="files of checks")
    parser.add_argument(
        "--format",
        choices=("text", "json", "github"),
        default="text",
        help="lines for people, one JSON document, or annotations of a pull request on GitHub (%(default)s)",
    )
    parser.add_argument(
        "--no-secrets",
        action="store_true",
        help="accept references such as ${env:TOKEN} that cannot be read here, as in CI",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the problems; return 0 if there are none, else 2."""
    executors = given_file.executors()
    found = {path: _problems(path, executors, arguments.no_secrets) for path in arguments.files}
    if arguments.format == "json":
        documents = [
            {"file": str(path), "problems": [_document(each) for each in problems]} for path, problems in found.items()
        ]
        print(json.dumps(documents, indent=2))
    else:
        for path, problems in found.items():
            for problem in problems:
                print(_annotation(path, problem) if arguments.format == "github" else f"{path}:{problem}")
            if not problems:
                print(f"{path}: valid")
    return 2 if any(found.values()) else 0


def _problems(path: Path, executors: given_file.Executors, no_secrets: bool) -> list[Problem]:
    try:
        read(path, executors, secrets_required=not no_secrets)
    except CheckFileError as error:
        return error.problems
    except OSError as error:
        return [Problem(1, 1, "", f"cannot be read: {error.strerror}")]
    return []


def _document(problem: Problem) -> dict[str, object]:
    return {"line": problem.line, "column": problem.column, "path": problem.path, "message": problem.message}


def _annotation(path: Path, problem: Problem) -> str:
    """Return a workflow command: https://docs.github.com/actions/reference/workflow-commands-for-github-actions"""
    file, title = (_escaped(each).replace(":", "%3A").replace(",", "%2C") for each in (str(path), problem.path))
    place = f"file={file},line={problem.line},col={problem.column}"
    return f"::error {place}{',title=' if title else ''}{title}::{_escaped(problem.message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
