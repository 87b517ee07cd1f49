"""Keywords of :func:`argus_otel.record` that take an id: the object that the event is about, or its actor."""

from __future__ import annotations

from collections.abc import Callable


class IdReference:
    """One such keyword. A source's specification maps keywords to these.

    Parameters
    ----------
    attribute:
        The attribute that holds the id, such as ``discord.guild.id``.
    id_of:
        Returns the id of an object, or an id itself, as digits; ``None`` if the argument has no id.
    expects:
        What the keyword takes, for messages.
    encloses:
        Whether this object contains the objects of the other keywords, actors excepted. An event that names another
        one than the running work inherits no ids but the actor's.
    actor:
        Whether it is the actor, which an event inherits in any case.
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
