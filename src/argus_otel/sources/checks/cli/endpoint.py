"""The token for the endpoint of an agent, which no command line shows."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from argus_otel.sources.checks.endpoint_access import is_token
from argus_otel.sources.checks.file.places import Wrong, of_value
from argus_otel.sources.checks.file.secrets import Secrets
from argus_otel.sources.problems import Problem

from . import given_file


def add_token(parser: argparse.ArgumentParser) -> None:
    """Declare ``--token``."""
    parser.add_argument(
        "--token",
        metavar="REFERENCE",
        default="",
        help="where the token is: env:NAME or file:PATH. It is no argument itself: `ps` shows those to every user",
    )


def secret_of(reference: str) -> str:
    """Return the token that ``--token`` refers to; one that cannot be read ends the command."""
    if not reference.startswith(("env:", "file:")):  # it may be the token itself, and is not repeated
        given_file.refuse("--token is no reference; write env:NAME or file:PATH")
    problems: list[Problem] = []
    wrong: list[Wrong] = []
    place = of_value(f"${{{reference}}}", "", problems)
    Secrets(os.environ, Path()).fill(place, wrong)
    if wrong:
        given_file.refuse(f"--token {reference}: {problems[0].message}")
    token = place.scalar("a token")
    if not is_token(token):
        given_file.refuse(f"--token {reference}: it is empty, or no token")
    return token
