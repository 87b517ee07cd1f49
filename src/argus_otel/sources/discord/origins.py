"""Where interactions come from: the install that they belong to, and the place where the user was. Signal: counter.

Discord sends both with each interaction since user installs exist: ``authorizing_integration_owners`` has the key ``0``
for the guild's install and ``1`` for the user's, and ``context`` is a number (its documentation, "Receiving and
Responding to Interactions").
"""

from __future__ import annotations

from typing import Any

from argus_otel.telemetry import AttributeValue, CounterCell, Telemetry

from .attributes import CONTEXT, INTEGRATION_TYPE
from .catalogue import INTERACTION_ORIGINS

_INTEGRATIONS: dict[tuple[bool, ...], str] = {(True, False): "guild", (False, True): "user", (True, True): "both"}
_CONTEXTS = {0: "guild", 1: "bot_dm", 2: "private_channel"}


class Origin:
    """One combination of install and place.

    Attributes
    ----------
    arrivals:
        The cell that counts its interactions.
    attributes:
        Those of its spans and history rows.
    """

    __slots__ = ("arrivals", "attributes")

    def __init__(self, arrivals: CounterCell, attributes: dict[str, AttributeValue]) -> None:
        self.arrivals = arrivals
        self.attributes = attributes


class Origins(dict[Any, Origin]):
    """The origins that have been seen.

    The keys are ``context``, and whether the guild and the user have installed the app. One look-up is all that an
    interaction pays. A context or a combination that Discord does not document raises :class:`KeyError`.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__()
        self._arrivals = telemetry.counter(INTERACTION_ORIGINS)

    def __missing__(self, key: tuple[Any, bool, bool]) -> Origin:
        number, *owners = key
        integration, context = _INTEGRATIONS[tuple(owners)], _CONTEXTS[number]
        attributes: dict[str, AttributeValue] = {INTEGRATION_TYPE.name: integration, CONTEXT.name: context}
        origin = self[key] = Origin(self._arrivals[integration, context], attributes)
        return origin
