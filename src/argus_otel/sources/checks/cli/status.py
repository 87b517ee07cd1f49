"""``argus-otel checks status``: shows what a running agent says of its checks."""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, cast

from argus_otel.sources.checks.endpoint_access import OPENER
from argus_otel.terminal import records

from .endpoint import add_token, secret_of
from .options import http_url, seconds


@dataclass(frozen=True, slots=True)
class _Row:
    check: str
    status: str
    since: str
    muted: str
    why: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--url", type=http_url, default="http://127.0.0.1:9464", help="the agent's endpoint (%(default)s)"
    )
    add_token(parser)
    parser.add_argument("--timeout", metavar="DURATION", type=seconds, default=10.0, help="how long to wait (10s)")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="the format (%(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Print the checks that are not up; return 0 if there is none, else 1."""
    request = urllib.request.Request(arguments.url.rstrip("/") + "/status")  # noqa: S310 - http_url
    if arguments.token:
        request.add_header("Authorization", f"Bearer {secret_of(arguments.token)}")
    try:
        with OPENER.open(request, timeout=arguments.timeout) as response:
            told = cast("dict[str, Any]", json.load(response)).get("checks")
    except urllib.error.HTTPError as error:
        error.close()
        return _fail(f"the endpoint answers {error.code}" + (": give --token" if error.code == 401 else ""))
    except (OSError, ValueError) as error:
        return _fail(f"{arguments.url} cannot be asked: {getattr(error, 'reason', None) or error}")
    section = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    if not section.get("running"):
        return _fail("no checks run there" + (f": {section['waiting']}" if section.get("waiting") else ""))
    return _show(section, arguments.format)


def _show(told: dict[str, Any], form: str) -> int:
    rows = [
        _Row(name, each["status"], _moment(each["since"]), ", ".join(each["muted"]), each["error"])
        for name, each in told["not_up"].items()
    ]
    if rows or form != "table":
        records.show(rows, form)
    counts = ", ".join(f"{count} {status}" for status, count in told["checks"].items() if count)
    print(f"{counts or 'no checks'}; from {told['location']}", file=sys.stderr)
    if not told["network"]:
        print("None of the anchors answers: this agent has no network, and judges nothing.", file=sys.stderr)
    if told["reload_error"]:
        print(f"The file is not the one in use:\n{told['reload_error']}", file=sys.stderr)
    return 1 if rows else 0


def _moment(since: int) -> str:
    return f"{datetime.fromtimestamp(since / 1000, timezone.utc):%Y-%m-%d %H:%M:%S} UTC" if since else ""


def _fail(message: str) -> int:
    print(f"argus-otel checks status: {message}", file=sys.stderr)
    return 2
