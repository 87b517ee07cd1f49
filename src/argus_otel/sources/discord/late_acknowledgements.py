"""Why an acknowledgement was late, missing or refused. Signals: counter, and an attribute of spans and history rows.

Discord waits three seconds from its creation of an interaction. The reason is decided once that time is over, or once
Discord refuses the acknowledgement, from facts that other hooks have recorded by then: the interaction's age at its
arrival by Discord's clock, how long the event loop was blocked since, and whether the handler still runs.
"""

from __future__ import annotations

from time import perf_counter

from argus_otel.telemetry import Telemetry

from .catalogue import LATE
from .clock import DiscordClock
from .interaction_operations import InteractionOperation

DEADLINE = 3.0
"""The seconds that Discord waits for an acknowledgement (its documentation, "Receiving and Responding")."""

ALREADY_ACKNOWLEDGED = 40060
UNKNOWN_INTERACTION = 10062

# What took at least half of the time is why the rest did not suffice.
_MOST = DEADLINE / 2


class LateAcknowledgements:
    """Decides the reason of each late, missing or refused acknowledgement, and counts it once."""

    def __init__(self, telemetry: Telemetry, clock: DiscordClock) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._counts = telemetry.counter(LATE)

    def refused(self, operation: InteractionOperation, code: int | None) -> None:
        """Count a callback that Discord has just refused as too late or as the second one.

        Parameters
        ----------
        code:
            Discord's error code; any other is left to :meth:`missed`, because the handler may try again.
        """
        if code == ALREADY_ACKNOWLEDGED:
            self._count(operation, "already_acknowledged")
        elif code == UNKNOWN_INTERACTION:
            late = perf_counter() - self._created(operation) >= DEADLINE
            self._count(operation, self._cause(operation, "slow_handler") if late else "unknown_interaction")
        else:
            operation.callback_failed = True

    def missed(self, operation: InteractionOperation, *, handled_in_time: bool) -> None:
        """Count an interaction that was not acknowledged within the three seconds.

        Parameters
        ----------
        handled_in_time:
            Whether its handler had ended by then.
        """
        if operation.callback_failed:
            self._count(operation, "callback_failed")
        elif handled_in_time:
            self._count(operation, "unanswered")
        else:
            self._count(operation, self._cause(operation, "slow_handler"))

    def _cause(self, operation: InteractionOperation, otherwise: str) -> str:
        """Return what took most of the three seconds. A blocked loop comes first: it delays arrivals too."""
        created = self._created(operation)
        if self._telemetry.loop_blocked(created, min(created + DEADLINE, perf_counter())) >= _MOST:
            return "blocked_loop"
        return "arrived_late" if operation.started - created >= _MOST else otherwise

    def _created(self, operation: InteractionOperation) -> float:
        return self._clock.created(operation.id, operation.started)

    def _count(self, operation: InteractionOperation, reason: str) -> None:
        if operation.late is None:
            operation.late = reason  # its history row and span get it when the handler ends
            self._counts[reason, operation.kind.type].value += 1
