"""The checks of ``argus-otel doctor`` about agent graphs: the hooks' targets, and what else observes LangChain."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points

from argus_otel.sources.graphs import SPEC
from argus_otel.terminal.findings import Check, Finding, Look, Status
from argus_otel.terminal.probes import ProbeError, probed
from argus_otel.terminal.requirements import installed_version

_GROUP = "LangGraph"
_LIBRARY = "langgraph"
_OURS = "argus-otel"
_OBSERVED = ("langchain", "langgraph")
_INSTRUMENTORS = "opentelemetry_instrumentor"
_STAY = ("opentelemetry-instrumentation-langchain",)
"""Those that observe LangChain still after they were uninstrumented."""

_INSTEAD = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=langgraph keeps it instead"

_PROBE = """
import importlib, json
from argus_otel.settings import Settings
from argus_otel.sources.graphs.source import LangGraphSource
from argus_otel.telemetry import State, Telemetry
for module in ("langgraph.pregel", "langchain_core.tools", "langchain_core.language_models.chat_models"):
    importlib.import_module(module)
telemetry = Telemetry()
LangGraphSource(telemetry, Settings.resolve({}), lambda: None).install()
hooks = telemetry.health.parts("hook:")
print()
degraded = [hook.detail for hook in hooks.values() if hook.state is State.DEGRADED]
targets = {name: hook for name, hook in hooks.items() if hook.state is not State.DEGRADED}
absent = {name: hook.detail for name, hook in targets.items() if hook.state is not State.OK}
print(json.dumps({"targets": len(targets), "absent": absent, "degraded": degraded}))
"""


def _hooks(look: Look) -> Iterator[Finding]:
    """Import LangGraph as the program would, and check that every hook's target is in it."""
    version = installed_version(_LIBRARY)
    if version is None:
        return
    try:
        hooks = probed(_PROBE, f"{_LIBRARY}.pregel", look.environ)
    except ProbeError as error:
        yield Finding(_GROUP, "import", Status.FAIL, str(error), error.remedy)
        return
    yield Finding(_GROUP, "import", Status.OK, f"{_LIBRARY} {version}")
    targets: int = hooks["targets"]
    absent: dict[str, str] = hooks["absent"]
    status = Status.WARN if absent else Status.OK
    yield Finding(_GROUP, "hooks", status, f"{targets - len(absent)} of {targets} patch targets exist")
    for name, reason in absent.items():
        remedy = "the program runs without this signal; please report it"
        yield Finding(_GROUP, name.replace("hook:", "hook ", 1), Status.WARN, reason, remedy)
    for reason in hooks["degraded"]:
        remedy = "pip install -U argus-otel; if it is the newest already, please report it"
        yield Finding(_GROUP, "degraded", Status.WARN, reason, remedy)


def _others(look: Look) -> Iterator[Finding]:
    """Name other instrumentations of LangChain, which would make a second span of each graph, model and tool."""
    if installed_version(_LIBRARY) is None:
        return
    for point in sorted(entry_points(group=_INSTRUMENTORS), key=lambda each: each.name):
        of = point.dist
        if of is None or of.name == _OURS or not any(name in point.name.lower() for name in _OBSERVED):
            continue
        name = f"{of.name} {of.version}"
        disabled = look.settings.disabled_instrumentations
        if point.name in disabled:
            yield Finding(_GROUP, "double spans", Status.OK, f"{name} is switched off: {point.name}")
            continue
        if point.name in SPEC.supersedes and of.name not in _STAY:
            detail = f"{name} is switched off once LangGraph is imported, since each span would be made twice"
            yield Finding(_GROUP, "double spans", Status.OK, f"{detail}; {_INSTEAD}")
            continue
        detail = f"{name} observes LangChain too: graphs, models and tools get two spans each, and tokens count twice"
        names = ",".join([*disabled, point.name])
        remedy = f"pip uninstall {of.name}, or OTEL_PYTHON_DISABLED_INSTRUMENTATIONS={names}"
        yield Finding(_GROUP, "double spans", Status.WARN, detail, remedy)


CHECKS: tuple[Check, ...] = (_hooks, _others)
"""See :mod:`argus_otel.terminal.findings`."""
