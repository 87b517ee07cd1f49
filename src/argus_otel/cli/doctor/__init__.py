"""``argus-otel doctor``: what would load, what it is set to, and what is wrong.

Each module beside this one looks at one thing and returns findings; :mod:`.report` prints them.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping

from argus_otel import unquoted
from argus_otel.settings import Settings
from argus_otel.terminal.findings import Finding, Status

from .hooks import look_at_hooks
from .libraries import look_at_discord
from .packages import look_at_packages
from .report import as_json, as_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="one JSON document, for programs")
    parser.add_argument("--no-network", action="store_true", help="open no connection: neither endpoint nor Collector")


def run(arguments: argparse.Namespace) -> int:
    """Look, print, and return 1 where something failed."""
    unquoted.quieten_headers()
    findings = examine(os.environ, network=not arguments.no_network)
    if arguments.json:
        print(as_json(findings))
    else:
        print(as_text(findings, colours=sys.stdout.isatty() and not os.environ.get("NO_COLOR")))
    return 1 if any(finding.status is Status.FAIL for finding in findings) else 0


def examine(environ: Mapping[str, str], *, network: bool) -> list[Finding]:
    """Look at everything.

    Parameters
    ----------
    environ:
        The environment that the bot would have.
    network:
        Whether to see who answers at the bot's endpoint and at the OTLP endpoints.
    """
    findings = [*look_at_packages(), *look_at_discord(), *look_at_hooks(environ)]
    try:
        findings += _with_opentelemetry(environ, network=network)
    except ImportError as error:
        detail = f"cannot be looked at: {error}"
        findings.append(Finding("Loading", "import", Status.FAIL, detail, "pip install --upgrade argus-otel"))
    return findings


def _with_opentelemetry(environ: Mapping[str, str], *, network: bool) -> list[Finding]:
    """Look at what takes a whole installation to look at."""
    from .configuration import look_at_settings
    from .history import look_at_history
    from .loading import look_at_loading
    from .otlp import look_at_otlp
    from .serving import look_at_endpoint

    settings = Settings.resolve(environ)
    findings = [*look_at_loading(settings, environ), *look_at_settings(settings, environ)]
    if not settings.disabled:
        findings += look_at_history(settings, network=network)
    if network and not settings.disabled:
        findings += [*look_at_endpoint(settings), *look_at_otlp(settings, environ)]
    return findings
