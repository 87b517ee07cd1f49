"""Finds exporters and samplers by name, and reports whether exports succeed."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Sized
from importlib import metadata
from typing import Any, TypeVar, cast

from opentelemetry.sdk.metrics.export import MetricsData

from argus_otel.telemetry import PartError, State, Telemetry
from argus_otel.telemetry.catalogue import EXPORT_LOST

from .forks import keep_apart_from_forks
from .private import entry_points
from .responses import ResponseListener
from .temporality import PREFERENCE, delta_points

T = TypeVar("T")

_INSTALL = {
    "otlp_proto_grpc": "pip install opentelemetry-exporter-otlp-proto-grpc",
    "otlp_proto_http": "pip install opentelemetry-exporter-otlp-proto-http",
    "console": "pip install --upgrade opentelemetry-sdk",
    "prometheus": "pip install opentelemetry-exporter-prometheus",
}


class MissingError(PartError):
    """A component that a setting names is not installed, or cannot be loaded. The message says what to do."""


def load(group: str, name: str, variable: str) -> Any:
    """Load a component of OpenTelemetry's by its entry point.

    Parameters
    ----------
    group:
        The entry points' group, such as ``opentelemetry_traces_exporter``.
    name:
        The entry point's name.
    variable:
        The setting that names it, for the message.

    Raises
    ------
    MissingError
        It is not there, or fails to import.
    """
    found = tuple(entry_points(group=group, name=name)) or tuple(metadata.entry_points(group=group, name=name))
    try:
        (entry_point,) = found[:1]
    except ValueError:
        known = ", ".join(sorted(set(metadata.entry_points(group=group).names))) or "none"
        advice = _INSTALL.get(name, "check the spelling, or install the package that brings it")
        message = f"{variable} asks for {name!r}, which is not installed (there are: {known}): {advice}"
        raise MissingError(message) from None
    try:
        return entry_point.load()
    except ImportError as error:
        advice = _INSTALL.get(name, f"install what {entry_point.value} needs")
        raise MissingError(f"{variable} asks for {name!r}, which cannot be imported ({error}): {advice}") from error


POINTS_OF_A_MESSAGE = 10_000
"""The most points that are sent in one message: about 1 MiB, where a Collector takes 4 MiB by default."""


def batches(exporter: type[object]) -> dict[str, int]:
    """Return the arguments with which an exporter of metrics sends messages of bounded size, if it can."""
    known = inspect.signature(exporter.__init__).parameters
    return {"max_export_batch_size": POINTS_OF_A_MESSAGE} if "max_export_batch_size" in known else {}


def with_health(exporter: type[T], telemetry: Telemetry, part: str) -> type[T]:
    """Return a subclass of ``exporter`` that reports whether exports succeed, and counts what failed ones lose.

    One warning when exports begin to fail, with the endpoint's own reason, and one line when they work again replace
    the exporter's own message at each attempt.
    """
    health = telemetry.health
    lost = telemetry.counter(EXPORT_LOST)[part.removeprefix("exporter:"), "failed"]

    def failed(why: str, batch: object, rejected: int | None = None) -> None:
        if isinstance(batch, MetricsData):  # the next collection makes up for lost cumulative points
            points = delta_points(batch)
            if rejected is not None:
                points = min(points, rejected)
            if points:
                why += f"; {points} points are lost, since a delta is sent once ({PREFERENCE})"
            lost.value += points
        elif isinstance(batch, Sized):
            lost.value += len(batch) if rejected is None else rejected
        health.report(part, State.FAILED, why)

    class WithHealth(exporter):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._argus_responses = ResponseListener(telemetry.redact)
            self._argus_responses.attach_to(self)
            keep_apart_from_forks(self)

        def export(self, batch: Any, *args: Any, **kwargs: Any) -> Any:
            responses = self._argus_responses
            responses.reset()
            try:
                result = cast("Any", super()).export(batch, *args, **kwargs)
            except Exception as error:
                failed(f"the exporter raised {type(error).__name__}; it is tried again", batch)
                raise
            reason = f" ({responses.reason})" if responses.reason else ""
            if getattr(result, "name", "") == "FAILURE":
                failed(f"the endpoint does not take what is sent{reason}; it is tried again", batch)
            elif responses.rejected:
                failed(f"the endpoint refuses {responses.rejected} of what is sent{reason}", batch, responses.rejected)
            else:
                health.report(part, State.OK)
            return result

    WithHealth.__name__ = WithHealth.__qualname__ = exporter.__name__
    demote_logs(exporter)
    return cast("type[T]", WithHealth)


class _DemoteToDebug(logging.Filter):
    """Passes messages of an exporter on at DEBUG only: :func:`with_health` warns once instead."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)


def demote_logs(exporter: type[object]) -> None:
    """Demote the messages that an exporter logs at each attempt to DEBUG."""
    for name in _logger_names(exporter):
        logger = logging.getLogger(name)
        if not any(isinstance(known, _DemoteToDebug) for known in logger.filters):
            logger.addFilter(_DemoteToDebug())


def _logger_names(exporter: type[object]) -> Iterable[str]:
    return {base.__module__ for base in exporter.__mro__ if base.__module__.startswith("opentelemetry.exporter")}
