"""The history models of the installed sources, found through their specifications."""

from __future__ import annotations

from argus_otel.discovery import installed, load
from argus_otel.telemetry import PartError

from .store.errors import StoreError
from .store.model import HistoryModel
from .store.schema import Schema


class ModelError(StoreError, PartError):
    """A model of an installed source cannot be used."""


def installed_models() -> tuple[HistoryModel, ...]:
    """Return the models of the installed sources, in the order of the sources.

    Raises
    ------
    ModelError
        One cannot be loaded. History is not recorded then: only the model says which attributes are personal.
    """
    models: list[HistoryModel] = []
    for spec in installed().specs.values():
        if spec.history is None:
            continue
        try:
            model = load(spec.history)
        except (ImportError, AttributeError, ValueError) as error:
            raise ModelError(
                f"the history of the source {spec.name} ({spec.history}) cannot be loaded: {error}"
            ) from error
        if not isinstance(model, HistoryModel) or model.name != spec.name:
            raise ModelError(f"{spec.history} has to be a HistoryModel that is named {spec.name!r}")
        models.append(model)
    return tuple(models)


def installed_schema() -> Schema:
    """Return the schema of the engine and the installed models; raises as :func:`installed_models`."""
    return Schema(installed_models())
