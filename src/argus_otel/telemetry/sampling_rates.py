"""Which share of the traces of each kind of work is sampled."""

from __future__ import annotations

from collections.abc import Mapping


class SamplingRates:
    """Sampling rates by source, by kind of work, and by the name of the work.

    A kind is the source's name and the first word of its spans' names, such as ``discord.command`` or ``discord.task``.
    A name follows the kind: ``discord.event.message`` is the ``on_message`` listeners, and ``discord.task.cleanup`` the
    loop of that name. A rate is a share from 0 to 1.

    The user's rates precede a source's defaults. In each of them a name precedes its kind, and a kind its source. Work
    without a rate is always sampled.
    """

    def __init__(self) -> None:
        self._overrides: dict[str, float] = {}
        self._overridden_sources: dict[str, float] = {}
        self._defaults: dict[str, float] = {}

    def override(self, rates: Mapping[str, float]) -> None:
        """Set the user's rates."""
        self._overrides = dict(rates)
        self._overridden_sources = {name: rate for name, rate in rates.items() if "." not in name}

    def add_defaults(self, rates: Mapping[str, float]) -> None:
        """Add a source's default rates."""
        self._defaults = {**self._defaults, **rates}

    def of(self, kind: str, name: str | None) -> float:
        """Return the share that is sampled, from 0 to 1.

        Parameters
        ----------
        kind:
            A span's :attr:`~.definitions.Span.rate_key`.
        name:
            The name of the work, such as that of the command or the loop.
        """
        named = f"{kind}.{name}"
        for rates in (self._overrides, self._defaults):
            if rates:
                rate = rates.get(named)
                if rate is None:
                    rate = rates.get(kind)
                if rate is None and rates is self._overrides and self._overridden_sources:
                    rate = self._overridden_sources.get(kind.partition(".")[0])
                if rate is not None:
                    return rate
        return 1.0
