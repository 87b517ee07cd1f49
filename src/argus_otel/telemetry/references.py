"""Keywords of :func:`argus_otel.record` that stand for an id: what the event is about, or who caused it."""

from __future__ import annotations

from collections.abc import Callable


class IdReference:
    """One such keyword; a source has a mapping of them in its specification.

    Parameters
    ----------
    attribute:
        The attribute that has the id: ``discord.guild.id``.
    id_of:
        Returns the id of an object, or of what is an id itself, in its digits; ``None`` for what has none.
    expects:
        What the keyword takes, for people.
    encloses:
        Whether it contains all others but an actor: an event elsewhere has nothing of the place of the running work.
    actor:
        Whether it is who caused the event, wherever that is.
    """

    __slots__ = ("attribute", "id_of", "expects", "encloses", "actor")

    def __init__(
        self,
        attribute: str,
        id_of: Callable[[object], str | None],
        expects: str,
        *,
        encloses: bool = False,
        actor: bool = False,
    ) -> None:
        self.attribute = attribute
        self.id_of = id_of
        self.expects = expects
        self.encloses = encloses
        self.actor = actor
