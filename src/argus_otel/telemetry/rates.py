"""Which share of the traces of each kind of work is sampled."""

from __future__ import annotations

from collections.abc import Mapping


class Rates:
    """Sampling rates by source, by kind of work, and by its name.

    A kind is the source's name and the first word of its spans' names: ``discord.command``, ``discord.task``. A name
    follows it: ``discord.event.message`` is the ``on_message`` listeners, ``discord.task.cleanup`` the loop of that
    name. A rate is a share from 0 to 1.

    The user's rates precede a source's defaults, and in either a name precedes its kind, and a kind its source. Work
    that neither has a rate for is always sampled.
    """

    def __init__(self) -> None:
        self._chosen: dict[str, float] = {}
        self._chosen_sources: dict[str, float] = {}
        self._defaults: dict[str, float] = {}

    def choose(self, rates: Mapping[str, float]) -> None:
        """Set the user's rates."""
        self._chosen = dict(rates)
        self._chosen_sources = {name: rate for name, rate in rates.items() if "." not in name}

    def default(self, rates: Mapping[str, float]) -> None:
        """Add a source's own defaults."""
        self._defaults = {**self._defaults, **rates}

    def of(self, kind: str, name: str | None) -> float:
        """Return the share that is sampled, from 0 to 1.

        Parameters
        ----------
        kind:
            A span's :attr:`~.definitions.Span.rate_key`.
        name:
            Which one of this kind.
        """
        named = f"{kind}.{name}"
        for rates in (self._chosen, self._defaults):
            if rates:
                rate = rates.get(named)
                if rate is None:
                    rate = rates.get(kind)
                if rate is None and rates is self._chosen and self._chosen_sources:
                    rate = self._chosen_sources.get(kind.partition(".")[0])
                if rate is not None:
                    return rate
        return 1.0
