"""Which share of the traces of each kind of work is kept."""

from __future__ import annotations

from collections.abc import Mapping


class Rates:
    """Sampling rates by kind of work, and by kind and name.

    A kind is the first word of its spans' names: ``command``, ``task``, ``event``. A name is what follows it, so
    ``event.message`` is what ``on_message`` listeners do, and ``task.cleanup`` the loop of that name. A rate is a share
    from 0 to 1.

    What the user chose goes before a source's defaults, and in either a name before its whole kind. What neither has is
    always kept.
    """

    def __init__(self) -> None:
        self._chosen: dict[str, float] = {}
        self._defaults: dict[str, float] = {}

    def choose(self, rates: Mapping[str, float]) -> None:
        """Let the user's rates be ``rates``."""
        self._chosen = dict(rates)

    def default(self, rates: Mapping[str, float]) -> None:
        """Add a source's own defaults."""
        self._defaults = {**self._defaults, **rates}

    def of(self, kind: str, name: str | None) -> float:
        """Return the share that is kept, from 0 to 1."""
        named = f"{kind}.{name}"
        for rates in (self._chosen, self._defaults):
            if rates:
                rate = rates.get(named)
                if rate is None:
                    rate = rates.get(kind)
                if rate is not None:
                    return rate
        return 1.0
