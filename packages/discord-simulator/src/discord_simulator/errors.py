"""The simulator's own errors."""

from __future__ import annotations


class SimulatorError(Exception):
    """The base of the simulator's own errors."""


class NotConnectedError(SimulatorError):
    """An event or frame was addressed to a shard that has no gateway session."""


class UnknownComponentError(SimulatorError, LookupError):
    """The simulator does not know the component, message or channel."""
