"""Asks the endpoint of an agent, with a token that no command line shows."""

from __future__ import annotations

import argparse
import os
import urllib.request
from pathlib import Path

from argus_otel.sources.checks.file.places import Problem, Wrong, of_value
from argus_otel.sources.checks.file.secrets import Secrets

from . import given_file


def add_token(parser: argparse.ArgumentParser) -> None:
    """Declare ``--token``."""
    parser.add_argument(
        "--token",
        metavar="REFERENCE",
        default="",
        help="where the token is: env:NAME or file:PATH. It is no argument itself: `ps` shows those to every user",
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would carry the token elsewhere."""

    def redirect_request(self, req: object, fp: object, code: int, msg: str, headers: object, newurl: str) -> None:
        """Refuse."""


OPENER = urllib.request.build_opener(_NoRedirect)
"""Opens URLs of an endpoint."""


def secret_of(reference: str) -> str:
    """Return the token that ``--token`` refers to; one that cannot be read ends the command."""
    problems: list[Problem] = []
    wrong: list[Wrong] = []
    place = of_value(f"${{{reference}}}", "", problems)
    Secrets(os.environ, Path()).fill(place, wrong)
    if wrong:
        given_file.refuse(f"--token {reference}: {problems[0].message}")
    token = place.scalar("a token")
    if not token or not token.isascii() or not token.isprintable():
        given_file.refuse(f"--token {reference}: it is empty, or no token")
    return token
