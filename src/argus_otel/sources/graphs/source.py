"""The LangGraph source: installs the hook files once LangGraph is imported. The first run of a graph activates it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from argus_otel.settings import Settings
from argus_otel.sources.patches import Patch, PatchSet, absence, when_imported
from argus_otel.sources.spec import Activate, Source
from argus_otel.telemetry import Telemetry

from .settings import GraphSettings

if TYPE_CHECKING:
    from .judging import Verdict

LIBRARY = "langgraph.pregel"


class LangGraphSource(Source):
    """Observes graphs, now or once LangGraph is imported.

    Attributes
    ----------
    verdicts:
        Called with each run that was judged.
    """

    def __init__(self, telemetry: Telemetry, settings: Settings, activate: Activate) -> None:
        super().__init__(telemetry, settings, activate)
        self._hooks = PatchSet(telemetry)
        self._wanted = False
        self.verdicts: list[Callable[[Verdict], None]] = []

    def install(self) -> None:
        """Apply the patches, now or once LangGraph is imported. Safe to repeat."""
        self._wanted = True
        when_imported(LIBRARY, self._imported)

    def uninstall(self) -> None:
        """Revert the patches."""
        self._wanted = False
        self._hooks.revert()

    def describe(self) -> str:
        """Return how many hooks there are."""
        return f"{self._hooks.active} hooks in LangGraph" if self._hooks.active else ""

    @staticmethod
    def probe() -> dict[str, str | None]:
        """Return each hook's name, with ``None`` or the reason why its target is missing in the installed version.

        Imports LangGraph, and changes nothing in it.

        Raises
        ------
        ImportError
            LangGraph is not installed.
        """
        import_module(LIBRARY)
        telemetry = Telemetry()
        patches = _patches(telemetry, PatchSet(telemetry), Settings.resolve({})[GraphSettings], lambda: None, [])
        return {patch.name: absence(patch) for _, make in patches for patch in make()}

    def _imported(self) -> None:
        if not self._wanted:
            return
        self._hooks.on = True
        settings = self.settings[GraphSettings]
        for module, make in _patches(self.telemetry, self._hooks, settings, self.activate, self.verdicts):
            when_imported(module, partial(self._apply, make))

    def _apply(self, make: Callable[[], list[Patch]]) -> None:
        if self._wanted:
            self._hooks.apply(make())


def _patches(
    telemetry: Telemetry,
    hooks: PatchSet,
    settings: GraphSettings,
    activate: Activate,
    verdicts: list[Callable[[Verdict], None]],
) -> list[tuple[str, Callable[[], list[Patch]]]]:
    """Return what makes the patches of each module, with its name. LangGraph is imported."""
    from .genai_metrics import GenAIMetrics
    from .graphs import Graphs
    from .judging import Judge
    from .models import PACKAGE as MODELS
    from .models import Models
    from .nodes import Nodes
    from .outcomes import Exceptions
    from .tools import PACKAGE as TOOLS
    from .tools import Tools

    exceptions = Exceptions()
    metrics = GenAIMetrics(telemetry, settings.conventions)
    chosen = settings.detections
    judge = None if chosen == () else Judge(telemetry, chosen, verdicts)
    graphs = Graphs(telemetry, hooks, exceptions, activate, judge, metrics)
    nodes = Nodes(telemetry, hooks, exceptions)
    return [
        (LIBRARY, lambda: [*graphs.patches(), *nodes.patches()]),
        (TOOLS, lambda: Tools(telemetry, hooks, exceptions, settings.capture_content).patches()),
        (MODELS, lambda: Models(telemetry, hooks, exceptions, metrics, settings.capture_content).patches()),
    ]
