"""The source of training runs: places the hooks of each framework once it is imported. The first run activates it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from argus_otel.settings import Settings
from argus_otel.sources.patches import Patch, PatchSet, when_imported
from argus_otel.sources.spec import Activate, Source
from argus_otel.telemetry import Telemetry

from . import api, factories, placed
from .control.keeping import Keeper
from .frameworks import keras, lightning, torch_loops, transformers
from .frameworks.keras import KerasFits
from .frameworks.lightning import LightningFits
from .frameworks.torch_loops import TorchLoops
from .frameworks.transformers import TransformersTrainings
from .gpu.gpus import Gpus
from .guard.losses import Losses
from .guard.stalls import Stalls
from .outcomes import Action
from .recorder import Recorder
from .settings import TrainingSettings


class TrainingSource(Source):
    """Observes training runs.

    Attributes
    ----------
    recorder:
        Records them.
    """

    def __init__(self, telemetry: Telemetry, settings: Settings, activate: Activate) -> None:
        super().__init__(telemetry, settings, activate)
        self._hooks = PatchSet(telemetry)
        chosen = settings[TrainingSettings]
        self._observed = ""
        runs = "training runs" + (" (no curves are kept: ARGUS_HISTORY is off)" if settings.history == "off" else "")
        self.recorder = Recorder(telemetry, chosen, partial(self._activate_for, runs))
        origin = settings.origins.get("training_control")
        keeper = Keeper(
            telemetry,
            self.recorder,
            chosen.control,
            settings.service_name,
            restarts=chosen.restarts,
            launched=chosen.world_size > 1,
            given=origin is not None and origin.source != "default",
        )
        self.recorder.attempt_of = keeper.attempt
        self.recorder.companions.add(keeper)
        guard: str = chosen.guard
        if guard != "off":
            self._add_guard(Action(guard))
        self.recorder.companions.add(Gpus(telemetry, lambda: self.recorder.active))
        self._keras = KerasFits(telemetry, self._hooks, self.recorder)
        self._lightning = LightningFits(telemetry, self._hooks, self.recorder)
        self._torch = TorchLoops(telemetry, self.recorder)
        self._transformers = TransformersTrainings(telemetry, self._hooks, self.recorder)

    def install(self) -> None:
        """Take what the program says of its own loops, and place the hooks of frameworks. Safe to repeat."""
        self._hooks.on = True
        api.bind(self.recorder, self.telemetry.guard)
        placed.bind(self.telemetry, partial(self._activate_for, "the training agent"))
        when_imported(keras.PACKAGE, partial(self._apply, self._keras.patches))
        when_imported(transformers.PACKAGE, partial(self._apply, self._transformers.patches))
        for package in lightning.PACKAGES:
            when_imported(package, partial(self._apply, partial(self._lightning.patches, package)))
        if self.settings[TrainingSettings].torch:
            when_imported(torch_loops.PACKAGE, self._watch_torch)
        factories.bind(self._lightning.callbacks)

    def uninstall(self) -> None:
        """Revert the hooks. A run that is open is recorded to its end."""
        self._hooks.revert()
        self._transformers.revert()
        self._torch.uninstall()
        factories.bind(None)
        api.bind(None, None)
        placed.bind(None, self.activate)

    def drop_in_child(self) -> None:
        """Leave the runs to the parent. A run that begins in the child activates the source there."""
        self.recorder.drop_in_child()

    def describe(self) -> str:
        """Return what activated the source."""
        return self._observed

    def _activate_for(self, what: str) -> None:
        self._observed = what
        self.activate()

    def _add_guard(self, action: Action) -> None:
        losses = Losses(self.telemetry, self.recorder, action)
        self.recorder.values.watchers.append(losses.watch)
        self.recorder.companions.add(losses)
        self.recorder.companions.add(Stalls(self.telemetry, self.recorder))

    def _apply(self, patches: Callable[[], list[Patch]]) -> None:
        if self._hooks.on:
            self._hooks.apply(self.telemetry.guard.run("training", patches) or ())

    def _watch_torch(self) -> None:
        if self._hooks.on:
            self.telemetry.attempt("hook:torch", self._torch.install)
