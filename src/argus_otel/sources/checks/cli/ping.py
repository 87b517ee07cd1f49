"""``argus-otel checks ping``: beats a heartbeat check of an agent, as a job does when it is done."""

from __future__ import annotations

import argparse
import http.client
import sys
import time
import urllib.error
import urllib.request

from argus_otel.terminal.store_options import positive

from .endpoint import OPENER, add_token, secret_of
from .options import heartbeat_url, seconds

_LONGEST_PAUSE = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "url", metavar="URL", type=heartbeat_url, help="the heartbeat's, such as http://agent:9464/heartbeat/nightly"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--start", action="store_true", help="tell that the job begins: its duration is measured")
    what.add_argument("--fail", action="store_true", help="tell that the job failed")
    add_token(parser)
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
    request = urllib.request.Request(arguments.url.rstrip("/") + ending, b"", method="POST")  # noqa: S310 - see heartbeat_url
    if arguments.token:
        request.add_header("Authorization", f"Bearer {secret_of(arguments.token)}")
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
        with OPENER.open(request, timeout=timeout):
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
