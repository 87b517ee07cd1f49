"""The LangGraph source: installs the hook files once LangGraph is imported. The first run of a graph activates it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from argus_otel.settings import Settings
from argus_otel.sources.patches import Patch, PatchSet, when_imported
from argus_otel.sources.spec import Activate, Source
from argus_otel.telemetry import Telemetry

from .evaluate import OBSERVERS
from .settings import GraphSettings

if TYPE_CHECKING:
    from .evaluations import Evaluations
    from .judging import Judge, Verdict
    from .validation import Validation

LIBRARY = "langgraph.pregel"

_END = 2.0
"""How long the end of a process waits for validators, in seconds."""


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
        self._judge: Judge | None = None
        self._evaluations: Evaluations | None = None
        self._validation: Validation | None = None
        self.verdicts: list[Callable[[Verdict], None]] = []

    def install(self) -> None:
        """Apply the patches, now or once LangGraph is imported. Safe to repeat."""
        self._wanted = True
        when_imported(LIBRARY, self._imported)

    def uninstall(self) -> None:
        """Revert the patches."""
        self._wanted = False
        self._hooks.revert()
        if self._evaluations is not None and self._evaluations.given in OBSERVERS:
            OBSERVERS.remove(self._evaluations.given)
        if self._validation is not None:
            self._validation.stop()

    def settle(self, timeout: float) -> bool:
        """Wait until nothing waits for its validators, for ``timeout`` seconds at most; return whether it came so."""
        return self._validation is None or self._validation.settle(timeout)

    def end(self) -> None:
        """Have validators check what waits for them, for as long as an end may take."""
        self.settle(_END)

    def drop_in_child(self) -> None:
        """Forget what waits for validators in the parent."""
        if self._judge is not None:
            self._judge.unlock()
        if self._validation is not None:
            self._validation.forget()

    def describe(self) -> str:
        """Return how many hooks there are."""
        return f"{self._hooks.active} hooks in LangGraph" if self._hooks.active else ""

    def _imported(self) -> None:
        if not self._wanted or self._hooks.on:  # installed already
            return
        from . import log_policy, secrets
        from .evaluations import Evaluations
        from .genai_metrics import GenAIMetrics
        from .graphs import Graphs
        from .judging import Judge
        from .models import PACKAGE as MODELS
        from .models import Models
        from .nodes import Nodes
        from .outcomes import Exceptions
        from .stuck import StuckRuns
        from .tools import PACKAGE as TOOLS
        from .tools import Tools
        from .validation import Validation

        telemetry, hooks, exceptions = self.telemetry, self._hooks, Exceptions()
        hooks.on = True
        secrets.add_pattern(telemetry)
        log_policy.apply_to(telemetry)
        settings = self.settings[GraphSettings]
        content = settings.capture_content
        metrics = GenAIMetrics(telemetry, settings.conventions)
        chosen = settings.detections
        judge = self._judge = None if chosen == () else Judge(telemetry, chosen, self.verdicts)
        graphs = Graphs(telemetry, hooks, exceptions, self.activate, judge, metrics)
        if judge is not None and settings.stuck_after:
            StuckRuns(telemetry, judge, settings.stuck_after)
        self._evaluations = Evaluations(telemetry, judge, content)
        self._validation = Validation(telemetry, self._evaluations)
        OBSERVERS.append(self._evaluations.given)
        nodes = Nodes(telemetry, hooks, exceptions, self._validation)
        hooks.apply([*graphs.patches(), *nodes.patches()])
        if not any(hooks.has(patch) for patch in nodes.patches()):
            from .callbacks import NodeCallbacks  # imports LangChain's callbacks, which LangGraph has imported

            telemetry.attempt("nodes by callbacks", NodeCallbacks(telemetry, hooks, exceptions).install)
        when_imported(TOOLS, lambda: self._apply(Tools(telemetry, hooks, exceptions, content).patches()))
        when_imported(MODELS, lambda: self._apply(Models(telemetry, hooks, exceptions, metrics, content).patches()))

    def _apply(self, patches: list[Patch]) -> None:
        if self._wanted:
            self._hooks.apply(patches)
