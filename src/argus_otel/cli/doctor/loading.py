"""Checks what OpenTelemetry's loader would find, and which it would choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, EntryPoint, entry_points

from opentelemetry.instrumentation.dependencies import get_dist_dependency_conflicts
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from argus_otel.discovery import Installed
from argus_otel.settings import Settings
from argus_otel.terminal.findings import Finding, Status

from .sources import observes_something, source_distributions

_GROUP = "Loading"
_CHOOSE = "set OTEL_PYTHON_DISTRO=argus and OTEL_PYTHON_CONFIGURATOR=argus, or start the program with `argus-otel run`"
_LIBRARIES = "instruments-any"
"""The extra by which OpenTelemetry's loader judges the instrumentors of a whole distribution."""


def look_at_loading(sources: Installed, settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at distros, configurators and instrumentors, in the order in which the loader finds them."""
    if settings.disabled:
        detail = "OTEL_SDK_DISABLED is true: nothing is hooked, exported or served"
        yield Finding(_GROUP, "disabled", Status.WARN, detail, "unset OTEL_SDK_DISABLED")
    yield _choice("distro", "OTEL_PYTHON_DISTRO", environ)
    yield _choice("configurator", "OTEL_PYTHON_CONFIGURATOR", environ)
    for entry_point in entry_points(group="opentelemetry_instrumentor"):
        yield _instrumentor(entry_point, sources, settings)
    yield from _libraries(sources)


def _choice(kind: str, variable: str, environ: Mapping[str, str]) -> Finding:
    found = [f"{entry_point.name}{_from(entry_point)}" for entry_point in entry_points(group=f"opentelemetry_{kind}")]
    names = [entry_point.name for entry_point in entry_points(group=f"opentelemetry_{kind}")]
    chosen = environ.get(variable)
    if "argus" not in names:
        detail = "argus-otel's is not among the entry points"
        return Finding(_GROUP, kind, Status.FAIL, detail, "pip install --force-reinstall --no-deps argus-otel")
    if chosen == "argus":
        return Finding(_GROUP, kind, Status.OK, f"argus, by {variable}")
    if chosen is not None and chosen not in names:
        silently = "OpenTelemetry silently falls back to its default, which sets nothing up"
        detail = f"{variable} is {chosen!r}, and there is none of that name: {silently}"
        return Finding(_GROUP, kind, Status.FAIL, detail, f"set {variable}=argus; there are: {', '.join(found)}")
    if chosen is not None:
        detail = f"{variable} chooses {chosen!r}: argus-otel adds its hooks, and leaves the SDK to that"
        return Finding(_GROUP, kind, Status.WARN, detail, _CHOOSE)
    if len(found) > 1:
        detail = f"there are {', '.join(found)}; opentelemetry-instrument takes the first it finds, here {names[0]}"
        return Finding(_GROUP, kind, Status.WARN, detail, _CHOOSE)
    return Finding(_GROUP, kind, Status.OK, "argus, the only one")


def _instrumentor(entry_point: EntryPoint, sources: Installed, settings: Settings) -> Finding:
    name, ours = f"instrumentor {entry_point.name}", entry_point.name in sources.specs
    shown = entry_point.value.partition(":")[0] + _from(entry_point)
    if {entry_point.name, "*"} & set(settings.disabled_instrumentations):
        remedy = "remove it from that variable" if ours else ""
        detail = f"{shown}: off by OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
        return Finding(_GROUP, name, Status.WARN if ours else Status.INFO, detail, remedy)
    conflict = get_dist_dependency_conflicts(entry_point.dist) if entry_point.dist else None
    if conflict is not None:
        status = Status.FAIL if ours and not observes_something(sources, settings) else Status.INFO
        return Finding(_GROUP, name, status, f"{shown}: does not load: {conflict}")
    return Finding(_GROUP, name, Status.OK, f"{shown}: loads")


def _libraries(sources: Installed) -> Iterator[Finding]:
    """Compare what each distribution's extra lists with the libraries of the sources that it brings."""
    brought: dict[str, tuple[Distribution, set[Requirement]]] = {}
    for name, distribution in source_distributions().items():
        if name in sources.specs:
            _, wanted = brought.setdefault(distribution.name, (distribution, set()))
            wanted.update(map(Requirement, sources.specs[name].libraries))
    for name, (distribution, wanted) in brought.items():
        if not any(point.group == "opentelemetry_instrumentor" for point in distribution.entry_points):
            continue
        listed = {
            (canonicalize_name(r.name), r.specifier)
            for r in map(Requirement, distribution.requires or ())
            if _is_listed(r)
        }
        missing = sorted(str(r) for r in wanted if (canonicalize_name(r.name), r.specifier) not in listed)
        if missing:
            detail = f"{name} lacks {', '.join(missing)}: its instrumentors do not load where only that is installed"
            yield Finding(_GROUP, _LIBRARIES, Status.WARN, detail, f"add it to that extra of {name}")
        elif wanted:
            yield Finding(_GROUP, _LIBRARIES, Status.OK, f"{name} lists the libraries of all its sources")


def _is_listed(requirement: Requirement) -> bool:
    marker = requirement.marker
    return marker is not None and marker.evaluate({"extra": _LIBRARIES}) and not marker.evaluate({"extra": ""})


def _from(entry_point: EntryPoint) -> str:
    return f" ({entry_point.dist.name} {entry_point.dist.version})" if entry_point.dist else ""
