"""``argus-otel checks ping``: beats a heartbeat check of an agent, as a job does when it is done."""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from argus_otel.sources.checks.file.places import Problem, Wrong, of_value
from argus_otel.sources.checks.file.secrets import Secrets
from argus_otel.terminal.store_options import positive

from . import given_file
from .options import seconds

_LONGEST_PAUSE = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "url", metavar="URL", type=_url, help="the heartbeat's, such as http://agent:9464/heartbeat/nightly"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--start", action="store_true", help="tell that the job begins: its duration is measured")
    what.add_argument("--fail", action="store_true", help="tell that the job failed")
    parser.add_argument(
        "--token",
        metavar="REFERENCE",
        default="",
        help="where the token is: env:NAME or file:PATH. It is no argument itself: `ps` shows those to every user",
    )
    parser.add_argument(
        "--retries",
        metavar="N",
        type=positive,
        default=5,
        help="how often to try again, ever slower (%(default)s)",
    )
    parser.add_argument(
        "--timeout", metavar="DURATION", type=seconds, default=10.0, help="how long each attempt may take (10s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Beat; return 0 if the agent has accepted it, else 1."""
    ending = "/start" if arguments.start else "/fail" if arguments.fail else ""
    request = urllib.request.Request(arguments.url.rstrip("/") + ending, b"", method="POST")  # noqa: S310 - see _url
    if arguments.token:
        request.add_header("Authorization", f"Bearer {_token(arguments.token)}")
    problem = ""
    for attempt in range(arguments.retries + 1):
        if attempt:
            time.sleep(min(2 ** (attempt - 1), _LONGEST_PAUSE))
        problem, final = _beat(request, arguments.timeout)
        if not problem:
            return 0
        if final:
            break
    print(f"argus-otel checks ping: {problem}", file=sys.stderr)
    return 1


def _beat(request: urllib.request.Request, timeout: float) -> tuple[str, bool]:
    """Send a beat; return why it was not accepted, or nothing, and whether it would not be the next time either."""
    try:
        with _OPENER.open(request, timeout=timeout):
            return "", True
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 404:
            return "the agent has no such heartbeat, or the token is wrong (404)", True
        return f"the agent answered {error.code}", 300 <= error.code < 500 and error.code not in (408, 429)
    except urllib.error.URLError as error:
        return f"the agent cannot be reached: {getattr(error.reason, 'strerror', None) or error.reason}", False
    except http.client.HTTPException as error:
        return f"the answer is not HTTP: {type(error).__name__}", False
    except OSError as error:
        return f"the agent does not answer: {error.strerror or error}", False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would carry the token elsewhere."""

    def redirect_request(self, req: object, fp: object, code: int, msg: str, headers: object, newurl: str) -> None:
        """Refuse."""


_OPENER = urllib.request.build_opener(_NoRedirect)


def _url(text: str) -> str:
    try:
        url = urlsplit(text)
        valid = url.scheme in ("http", "https") and bool(url.hostname) and not url.query and not url.fragment
    except ValueError:
        valid = False
    if not valid:
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL such as http://agent:9464/heartbeat/nightly")
    return text


def _token(reference: str) -> str:
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
