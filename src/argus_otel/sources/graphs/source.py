"""The LangGraph source: installs the hook files once LangGraph is imported. The first run of a graph activates it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from argus_otel.settings import Settings
from argus_otel.sources.patches import Patch, PatchSet, when_imported
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

    def _imported(self) -> None:
        if not self._wanted:
            return
        from .genai_metrics import GenAIMetrics
        from .graphs import Graphs
        from .judging import Judge
        from .models import PACKAGE as MODELS
        from .models import Models
        from .nodes import Nodes
        from .outcomes import Exceptions
        from .tools import PACKAGE as TOOLS
        from .tools import Tools

        telemetry, hooks, exceptions = self.telemetry, self._hooks, Exceptions()
        hooks.on = True
        settings = self.settings[GraphSettings]
        content = settings.capture_content
        metrics = GenAIMetrics(telemetry, settings.conventions)
        chosen = settings.detections
        judge = None if chosen == () else Judge(telemetry, chosen, self.verdicts)
        graphs = Graphs(telemetry, hooks, exceptions, self.activate, judge, metrics)
        nodes = Nodes(telemetry, hooks, exceptions)
        hooks.apply([*graphs.patches(), *nodes.patches()])
        if not any(hooks.has(patch) for patch in nodes.patches()):
            from .callbacks import NodeCallbacks  # imports LangChain's callbacks, which LangGraph has imported

            telemetry.attempt("nodes by callbacks", NodeCallbacks(telemetry, hooks, exceptions).install)
        when_imported(TOOLS, lambda: self._apply(Tools(telemetry, hooks, exceptions, content).patches()))
        when_imported(MODELS, lambda: self._apply(Models(telemetry, hooks, exceptions, metrics, content).patches()))

    def _apply(self, patches: list[Patch]) -> None:
        if self._wanted:
            self._hooks.apply(patches)
