"""The arguments that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path

from argus_otel.sources.checks.endpoint_access import is_endpoint_url
from argus_otel.sources.checks.file.field_types import duration
from argus_otel.sources.checks.file.places import Wrong, of_value
from argus_otel.sources.checks.sharding import Shard
from argus_otel.sources.problems import Problem


def add_file(parser: argparse.ArgumentParser) -> None:
    """Declare ``FILE``."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the file of checks, such as checks.yaml")


def add_name(parser: argparse.ArgumentParser) -> None:
    """Declare ``NAME``."""
    parser.add_argument("name", metavar="NAME", help="the check's name, as the file has it")


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Declare ``--dry-run``."""
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")


def add_state(parser: argparse.ArgumentParser) -> None:
    """Declare ``--state``."""
    parser.add_argument(
        "--state",
        metavar="DIR",
        type=Path,
        required=True,
        help="the agent's directory of state: its ARGUS_CHECKS_STATE",
    )


def seconds(text: str) -> float:
    """Return a duration such as ``30s``, in seconds, for :mod:`argparse`."""
    problems: list[Problem] = []
    try:
        return duration().read(of_value(text, "", problems))
    except Wrong:
        raise argparse.ArgumentTypeError(problems[0].message) from None


def shard(text: str) -> Shard:
    """Return a share such as ``2/5``, for :mod:`argparse`."""
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def pair(text: str) -> tuple[str, str]:
    """Return key and value of ``key=value``, for :mod:`argparse`."""
    key, sign, value = text.partition("=")
    if not key.strip() or not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form key=value")
    return key.strip(), value.strip()


def heartbeat_url(text: str) -> str:
    """Return the URL of a heartbeat, for :mod:`argparse`."""
    return _http_url(text, "http://agent:9464/heartbeat/nightly")


def http_url(text: str) -> str:
    """Return the URL of an endpoint, for :mod:`argparse`."""
    return _http_url(text, "http://agent:9464")


def _http_url(text: str, example: str) -> str:
    if not is_endpoint_url(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL such as {example}")
    return text
