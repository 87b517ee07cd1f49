"""Observes training runs of Lightning, Keras, transformers and loops of one's own. This file is the specification."""

from __future__ import annotations

from argus_otel.sources.spec import SourceSpec

SPEC = SourceSpec(
    "training",
    api=1,
    title="training runs",
    factory="argus_otel.sources.training.source:TrainingSource",
    catalogue="argus_otel.sources.training.catalogue:CATALOGUE",
    imports=(
        "argus_otel.sources.training.agent.assembly",
        "argus_otel.training",
        "keras",
        "lightning.pytorch",
        "pytorch_lightning",
        "torch.optim.optimizer",
        "transformers.trainer",
    ),
    activates="first_use",
    prefixes=("training", "argus.training"),
    settings="argus_otel.sources.training.settings:TrainingSettings",
    history="argus_otel.sources.training.history:MODEL",
    commands="argus_otel.sources.training.cli:COMMANDS",
    assets="argus_otel:shipped",
    panels="argus_otel.sources.training.panels:PANELS",
    doctor="argus_otel.sources.training.cli.doctor:CHECKS",
)
