"""Checks which packages are installed, in which versions, and whether they fit together."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, distributions, version

from packaging.requirements import Requirement

from argus_otel.cli import install
from argus_otel.telemetry import WITHOUT_GIL, runs_without_gil
from argus_otel.terminal.findings import Finding, Status
from argus_otel.terminal.requirements import check

_GROUP = "Packages"

_EXTRAS = {
    "clickhouse": "history on a ClickHouse server",
    "embedded": "history without a server",
    "cli": "argus-otel top",
    "system": "context switches, virtual memory and disk transfers",
    "checks": "service checks",
    "demo": "argus-otel demo",
    "demo-graphs": "argus-otel demo graphs",
}

# These are released together: 1.N.p and 0.(N+21)bp. Others named opentelemetry-* go their own way.
_IN_STEP = re.compile(
    r"opentelemetry-(api|sdk|proto|semantic-conventions|instrumentation|distro|exporter-prometheus|"
    r"exporter-otlp(-proto-(common|grpc|http))?)"
)
_VERSION = re.compile(r"(?P<major>[01])\.(?P<minor>\d+)")
_BEHIND = 21


def look_at_packages() -> Iterator[Finding]:
    """Look at Python, at what argus-otel requires, at its extras, and at every OpenTelemetry package."""
    yield Finding(_GROUP, "python", Status.OK, f"{platform.python_version()} ({sys.executable})")
    if runs_without_gil():
        yield Finding(_GROUP, "counters", Status.WARN, WITHOUT_GIL)
    try:
        requirements = [Requirement(text) for text in distribution("argus-otel").requires or ()]
    except PackageNotFoundError:
        detail = "its files are here, but it is not installed: OpenTelemetry cannot find it by its entry points"
        yield Finding(_GROUP, "argus-otel", Status.FAIL, detail, "pip install argus-otel")
        return
    yield Finding(_GROUP, "argus-otel", Status.OK, version("argus-otel"))
    required = [requirement for requirement in requirements if _applies(requirement, "")]
    for requirement in required:
        yield _required(requirement)
    for extra, purpose in _EXTRAS.items():
        yield _extra(extra, purpose, [r for r in requirements if _applies(r, extra) and r not in required])
    found = _opentelemetry()
    for name in sorted(found.keys() - {requirement.name for requirement in required}):
        yield Finding(_GROUP, name, Status.INFO, found[name])
    yield from _in_step({name: found[name] for name in sorted(found) if _IN_STEP.fullmatch(name)})


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _required(requirement: Requirement) -> Finding:
    found, fits = check(requirement)
    remedy = "" if fits else f"pip install '{requirement.name}{requirement.specifier}'"
    detail = f"{found}" if fits else f"{found or 'not installed'}; argus-otel needs {requirement.specifier}"
    return Finding(_GROUP, requirement.name, Status.OK if fits else Status.FAIL, detail, remedy)


def _extra(extra: str, purpose: str, requirements: list[Requirement]) -> Finding:
    name = f"extra {extra}"
    looked = [(r, *check(r)) for r in requirements if r.name != "argus-otel"]
    if all(fits for _, _, fits in looked):
        present = ", ".join(f"{requirement.name} {found}" for requirement, found, _ in looked)
        return Finding(_GROUP, name, Status.OK, f"{purpose}: {present}")
    wrong = [f"{r.name} {found}, not {r.specifier}" for r, found, fits in looked if found and not fits]
    if wrong:
        return Finding(_GROUP, name, Status.WARN, f"{purpose}: {', '.join(wrong)}", install(extra))
    return Finding(_GROUP, name, Status.INFO, f"{purpose}: not installed ({install(extra)})")


def _opentelemetry() -> dict[str, str]:
    found: dict[str, str] = {}
    for known in distributions():
        name: str | None = known.metadata["Name"]  # None: a directory that a failed installation left behind
        if name and name.lower().startswith("opentelemetry-"):
            found.setdefault(name.lower().replace("_", "-"), known.version)
    return found


def _in_step(versions: dict[str, str]) -> Iterator[Finding]:
    releases: dict[int, list[str]] = {}
    for name, text in versions.items():
        if match := _VERSION.match(text):
            minor = int(match["minor"]) - (_BEHIND if match["major"] == "0" else 0)
            releases.setdefault(minor, []).append(f"{name} {text}")
    if len(releases) > 1:
        newest = max(releases)
        late = [shown for minor in sorted(releases) if minor != newest for shown in releases[minor]]
        detail = f"out of step with {releases[newest][0]}: {', '.join(late)}"
        remedy = f"pip install --upgrade {' '.join(versions)}"
        yield Finding(_GROUP, "OpenTelemetry", Status.WARN, detail, remedy)
    elif releases:
        (minor,) = releases
        yield Finding(_GROUP, "OpenTelemetry", Status.OK, f"its packages are of one release, 1.{minor}")
