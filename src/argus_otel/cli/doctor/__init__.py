"""``argus-otel doctor``: checks installation, configuration and connections.

Each module of this package checks one subject, and sources add checks of their own. All return findings, which
:mod:`.report` prints.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from argus_otel import unquoted
from argus_otel.discovery import Installed, installed
from argus_otel.settings import Settings
from argus_otel.terminal.findings import Finding, Look, Status

from .packages import look_at_packages
from .report import as_json, as_text
from .serving import look_at_endpoint
from .sources import check_by_sources, look_at_sources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print one JSON document, for programs")
    parser.add_argument(
        "--no-network",
        action="store_true",
        help="open no connections (endpoint, Collector, store of history, monitor)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Check, print, and return 1 if a check failed."""
    unquoted.quieten_headers()
    findings = examine(os.environ, network=not arguments.no_network)
    if arguments.json:
        print(as_json(findings))
    else:
        print(as_text(findings, colours=sys.stdout.isatty() and not os.environ.get("NO_COLOR")))
    return 1 if any(finding.status is Status.FAIL for finding in findings) else 0


def examine(environ: Mapping[str, str], *, network: bool) -> list[Finding]:
    """Check everything.

    Parameters
    ----------
    environ:
        The environment that the program would have.
    network:
        Whether to connect to the program's endpoint, the OTLP endpoints and the store of history.
    """
    settings, sources = Settings.resolve(environ), installed()
    endpoint = look_at_endpoint(settings) if network and not settings.disabled else None
    look = Look(environ, settings, network, endpoint.status if endpoint else {})
    findings = [*look_at_packages(), *look_at_sources(sources, settings), *check_by_sources(sources, look)]
    try:
        findings += _with_opentelemetry(sources, look, endpoint.findings if endpoint else ())
    except ImportError as error:
        detail = f"cannot be checked: {error}"
        findings.append(Finding("Loading", "import", Status.FAIL, detail, "pip install --upgrade argus-otel"))
    return findings


def _with_opentelemetry(sources: Installed, look: Look, endpoint: Sequence[Finding]) -> list[Finding]:
    """Check everything whose imports need a complete installation."""
    from .configuration import look_at_settings
    from .heartbeat import look_at_heartbeat
    from .history import look_at_history
    from .loading import look_at_loading
    from .otlp import look_at_otlp

    settings, environ = look.settings, look.environ
    findings = [*look_at_loading(sources, settings, environ), *look_at_settings(settings, environ)]
    if not settings.disabled:
        findings += look_at_history(settings, network=look.network)
        findings += endpoint
        findings += look_at_heartbeat(settings, network=look.network)
        if look.network:
            findings += look_at_otlp(settings, environ)
    return findings
