"""What OpenTelemetry's loader would find, and which it would choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points

from opentelemetry.instrumentation.dependencies import get_dist_dependency_conflicts

from argus_otel.settings import Settings
from argus_otel.terminal.findings import Finding, Status

_GROUP = "Loading"
_CHOOSE = "set OTEL_PYTHON_DISTRO=argus and OTEL_PYTHON_CONFIGURATOR=argus, or start the bot with `argus-otel run`"


def look_at_loading(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at distros, configurators and instrumentors, in the order in which the loader meets them."""
    if settings.disabled:
        detail = "OTEL_SDK_DISABLED is true: nothing is hooked, exported or served"
        yield Finding(_GROUP, "disabled", Status.WARN, detail, "unset OTEL_SDK_DISABLED")
    yield _choice("distro", "OTEL_PYTHON_DISTRO", environ)
    yield _choice("configurator", "OTEL_PYTHON_CONFIGURATOR", environ)
    for entry_point in entry_points(group="opentelemetry_instrumentor"):
        yield _instrumentor(entry_point, settings)


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
        silently = "OpenTelemetry then takes its default, which sets nothing up, and says nothing"
        detail = f"{variable} is {chosen!r}, and there is none of that name: {silently}"
        return Finding(_GROUP, kind, Status.FAIL, detail, f"set {variable}=argus; there are: {', '.join(found)}")
    if chosen is not None:
        detail = f"{variable} chooses {chosen!r}: argus-otel adds its hooks, and leaves the SDK to that"
        return Finding(_GROUP, kind, Status.WARN, detail, _CHOOSE)
    if len(found) > 1:
        detail = f"there are {', '.join(found)}; opentelemetry-instrument takes the first it meets, here {names[0]}"
        return Finding(_GROUP, kind, Status.WARN, detail, _CHOOSE)
    return Finding(_GROUP, kind, Status.OK, "argus, the only one")


def _instrumentor(entry_point: EntryPoint, settings: Settings) -> Finding:
    name, ours = f"instrumentor {entry_point.name}", entry_point.name == "discord"
    shown = entry_point.value.partition(":")[0] + _from(entry_point)
    if {entry_point.name, "*"} & set(settings.disabled_instrumentations):
        remedy = "take it out of that variable" if ours else ""
        detail = f"{shown}: off by OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
        return Finding(_GROUP, name, Status.WARN if ours else Status.INFO, detail, remedy)
    conflict = get_dist_dependency_conflicts(entry_point.dist) if entry_point.dist else None
    if conflict is not None:
        return Finding(_GROUP, name, Status.FAIL if ours else Status.INFO, f"{shown}: does not load: {conflict}")
    return Finding(_GROUP, name, Status.OK, f"{shown}: loads")


def _from(entry_point: EntryPoint) -> str:
    return f" ({entry_point.dist.name} {entry_point.dist.version})" if entry_point.dist else ""
