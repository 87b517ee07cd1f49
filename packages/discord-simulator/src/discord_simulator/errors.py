"""What can go wrong between a test and its simulator."""

from __future__ import annotations

__all__ = ["NotConnectedError", "SimulatorError", "UnknownComponentError"]


class SimulatorError(Exception):
    """The base of the simulator's own errors."""


class NotConnectedError(SimulatorError):
    """Something was to be sent to a shard which has no gateway session."""


class UnknownComponentError(SimulatorError, LookupError):
    """A component, message or channel was named which the simulator has not seen."""
