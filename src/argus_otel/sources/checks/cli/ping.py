"""``argus-otel checks ping``: beats a heartbeat check of an agent, as a job does when it is done."""

from __future__ import annotations

import argparse
import sys

from argus_otel.sources.checks.heartbeat_calls import deliver
from argus_otel.terminal.store_options import positive

from .endpoint import add_token, secret_of
from .options import heartbeat_url, seconds


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
    what = "start" if arguments.start else "fail" if arguments.fail else ""
    token = secret_of(arguments.token) if arguments.token else ""
    problem = deliver(arguments.url, token, what, arguments.timeout, arguments.retries)
    if problem:
        print(f"argus-otel checks ping: {problem}", file=sys.stderr)
    return 1 if problem else 0
