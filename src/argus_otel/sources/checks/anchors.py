"""Anchors: checks that tell whether the agent itself has a network. While none of them answers, nothing is judged."""

from __future__ import annotations

from collections.abc import Mapping

from .outcomes import Outcome, Run


class Anchors:
    """What the last runs of the anchors say. Pure: it reads no clock.

    Parameters
    ----------
    confirm:
        By the anchor's name: how many failed runs in a row count. Empty for no anchors; the network then never counts
        as lost.
    """

    def __init__(self, confirm: Mapping[str, int]) -> None:
        self._confirm = dict(confirm)
        self._failed = dict.fromkeys(confirm, 0)
        self._answered: dict[str, int] = {}
        self._unable: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._confirm

    @property
    def names(self) -> tuple[str, ...]:
        """The anchors."""
        return tuple(self._confirm)

    def add(self, run: Run) -> None:
        """Take a run of an anchor into account. One that the agent cannot run tells nothing, so none waits for it."""
        if run.outcome is Outcome.UNKNOWN:
            self._unable.add(run.check)
            return
        self._unable.discard(run.check)
        if run.outcome.good:
            self._failed[run.check] = 0
            self._answered[run.check] = run.started
        else:
            self._failed[run.check] += 1

    @property
    def lost(self) -> bool:
        """Whether none of the anchors answers any more."""
        able = self._able()
        return bool(able) and all(self._failed[name] >= self._confirm[name] for name in able)

    def answered_since(self, moment: int) -> bool:
        """Whether the network worked at some time since ``moment``, in milliseconds since 1970, or nothing can tell."""
        able = self._able()
        return not able or any(self._answered.get(name, moment - 1) >= moment for name in able)

    def _able(self) -> set[str]:
        return self._confirm.keys() - self._unable

    def carry_over(self, earlier: Anchors) -> None:
        """Go on with what was known of the anchors that both have."""
        for name in self._confirm:
            if name in earlier:
                self._failed[name] = earlier._failed[name]
                if name in earlier._unable:
                    self._unable.add(name)
                if name in earlier._answered:
                    self._answered[name] = earlier._answered[name]
