"""Checks the installed sources, and runs the checks that they bring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import Distribution, entry_points

from packaging.requirements import Requirement

from argus_otel.cli import COMMANDS
from argus_otel.discovery import Installed, load
from argus_otel.settings import Settings
from argus_otel.sources.spec import GROUP, SourceSpec
from argus_otel.telemetry.guard import attempt
from argus_otel.terminal.findings import Check, Finding, Look, Status
from argus_otel.terminal.requirements import check

_GROUP = "Sources"


def look_at_sources(found: Installed, settings: Settings) -> Iterator[Finding]:
    """Look at every installed source: its distribution, its libraries, whether it is off, or why it cannot be used."""
    distributions = source_distributions()
    for name, spec in found.specs.items():
        yield _look_at(spec, distributions.get(name), settings)
        if spec.commands is not None and name in COMMANDS:
            detail = f"its commands cannot be run: `argus-otel {name}` is a command of argus-otel itself"
            yield Finding(
                _GROUP, f"{name}: commands", Status.WARN, detail, "report it to its authors: rename the source"
            )
    for problem in found.problems:
        remedy = "upgrade or uninstall the distribution that brings it"
        yield Finding(_GROUP, problem.name, Status.FAIL, problem.detail, remedy)
    libraries = [library for spec in found.specs.values() for library in spec.libraries]
    present = any(check(Requirement(library))[0] for library in libraries)  # one that does not fit is warned of above
    if libraries and not present and not observes_something(found, settings):
        detail = "no library that an installed source observes is installed: there is nothing to hook"
        remedy = f"pip install one of {', '.join(libraries)}, into the environment of the program"
        yield Finding(_GROUP, "libraries", Status.FAIL, detail, remedy)


def observes_something(found: Installed, settings: Settings) -> bool:
    """Whether a source has a library that fits, or needs none and waits neither for another source nor a setting."""
    return any(
        any(check(Requirement(library))[1] for library in spec.libraries)
        if spec.libraries
        else spec.activates != "with_others" and _is_asked_for(spec, settings)
        for spec in found.specs.values()
    )


def _is_asked_for(spec: SourceSpec, settings: Settings) -> bool:
    return spec.asked_for is None or bool(load(spec.asked_for)(settings))


def source_distributions() -> dict[str, Distribution]:
    """Return the distributions that bring sources, by the sources' names."""
    return {point.name: point.dist for point in entry_points(group=GROUP) if point.dist is not None}


def check_by_sources(found: Installed, look: Look) -> Iterator[Finding]:
    """Run the checks of every installed source that is not switched off."""
    for name, spec in found.specs.items():
        if spec.doctor is None or spec.is_off(look.settings.disabled_instrumentations):
            continue
        failures: list[str] = []
        read: Callable[[], tuple[Check, ...]] = partial(load, spec.doctor)
        for one in attempt(read, failures.append) or ():
            yield from attempt(partial(_run, one, look), failures.append) or ()
        for failure in failures:
            yield Finding(_GROUP, name, Status.FAIL, f"its checks do not work: {failure}", "report it to its authors")


def _run(one: Check, look: Look) -> list[Finding]:
    return list(one(look))


def _look_at(spec: SourceSpec, distribution: Distribution | None, settings: Settings) -> Finding:
    origin = "" if distribution is None else f" ({distribution.name} {distribution.version})"
    shown = f"{spec.title}{origin}"
    if spec.is_off(settings.disabled_instrumentations):
        return Finding(_GROUP, spec.name, Status.INFO, f"{shown}: off by OTEL_PYTHON_DISABLED_INSTRUMENTATIONS")
    if not spec.libraries:
        return Finding(_GROUP, spec.name, Status.OK, shown)
    looked = [(requirement, *check(requirement)) for requirement in map(Requirement, spec.libraries)]
    present = ", ".join(f"{requirement.name} {version}" for requirement, version, fits in looked if fits)
    if present:
        return Finding(_GROUP, spec.name, Status.OK, f"{shown}: {present}")
    unfit = ", ".join(f"{r.name} {version}, not {r.specifier}" for r, version, _ in looked if version)
    if unfit:
        return Finding(_GROUP, spec.name, Status.WARN, f"{shown}: {unfit}", f"pip install '{looked[0][0]}'")
    wanted = " or ".join(spec.libraries)
    return Finding(_GROUP, spec.name, Status.INFO, f"{shown}: inactive, since none of its libraries is here: {wanted}")
