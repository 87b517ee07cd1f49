"""Events that the program's own code records in history."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from argus_otel.telemetry import CURRENT_WORK, AttributeValue, Event, IdReference, Telemetry
from argus_otel.telemetry.catalogue import HISTORY_DROPPED

from .misuse import MisuseWarnings, shown
from .reserved import RESERVED_ATTRIBUTES
from .values import ATTRIBUTE_RULE, NAME_RULE, VALUE_RULE, annotation_of, is_attribute_name, is_name, value_of

MAX_EVENTS = 200
"""How many custom events a process has, by name."""

MAX_EVENT_ATTRIBUTES = 32
"""How many attributes an event has."""

MAX_NAME_LENGTH = 100
"""The longest name of an event, in characters."""

_WEEK = 7 * 86400.0


class CustomEvents:
    """The custom events of this process.

    Parameters
    ----------
    references:
        Keywords that take an id.
    reserved:
        First words of names that are reserved.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        misuse: MisuseWarnings,
        references: Mapping[str, IdReference],
        reserved: Iterable[str],
    ) -> None:
        self._telemetry = telemetry
        self._misuse = misuse
        self._references = references
        self._reserved = frozenset(reserved)
        self._events: dict[str, Event] = {}

    def record(self, name: str, duration: float | None, given: Mapping[str, object], /) -> None:
        """Record an event if history is kept.

        Parameters
        ----------
        duration:
            In seconds.
        given:
            Attributes, and ids by the keywords of the references.
        """
        history = self._telemetry.history
        if history is None:
            return
        event = self._events.get(name) if isinstance(name, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
        if event is None:
            problem = self._problem_with(name)
            if problem is not None:
                self._misuse.warn_once(f"record({shown(name)})", f"{problem}. Nothing is recorded")
                return
            event = self._events[name] = Event(str.__str__(name), "Recorded by the program's own code.")
        references = self._references
        made = self._attributes(name, {word: value for word, value in given.items() if word not in references})
        made.update(self._ids(name, {word: value for word, value in given.items() if word in references}))
        history(event, made, self._duration(name, duration))

    def _problem_with(self, name: object) -> str | None:
        if not isinstance(name, str):
            return f"the name has to be a str such as 'song.played', not {type(name).__name__}"
        if not is_name(name):
            return f"{NAME_RULE}, such as 'song.played'"
        if len(name) > MAX_NAME_LENGTH:
            return f"the name has more than {MAX_NAME_LENGTH} characters"
        word = name.partition(".")[0].lower()
        if word in self._reserved:
            return f"names that begin with '{word}.' are reserved; begin with a word of your own"
        if len(self._events) >= MAX_EVENTS:
            self._telemetry.counter(HISTORY_DROPPED)["names"].value += 1
            return f"there are events by {MAX_EVENTS} other names already; put what differs into attributes"
        return None

    def _ids(self, name: str, given: Mapping[str, object]) -> dict[str, AttributeValue]:
        """Return the ids of an event: the given ones, and for the other keywords those of the running work."""
        references = self._references
        ids: dict[str, AttributeValue] = {}
        for word, thing in given.items():
            if thing is None:
                continue
            reference = references[word]
            found = reference.id_of(thing)
            if found is None:
                rule = f"{word} is {reference.expects}, not {type(thing).__name__}"
                self._misuse.warn_once(f"record({shown(name)})", f"{rule}. It is left out")
            else:
                ids[reference.attribute] = found
        work = CURRENT_WORK.get()
        if work is None or work.ended:
            return ids
        inherited = work.attributes
        if any(_differs(reference, ids, inherited) for reference in references.values()):
            actors = {reference.attribute for reference in references.values() if reference.actor}
            inherited = {name: value for name, value in inherited.items() if name in actors}
        return {**inherited, **ids}

    def _is_reserved(self, attribute: str) -> bool:
        """Whether a source or the distro may set an attribute of this name."""
        word = attribute.partition(".")[0]
        references = self._references.values()
        return (
            attribute == "error.type"
            or word in RESERVED_ATTRIBUTES
            or any(reference.attribute.startswith(f"{word}.") for reference in references)
        )

    def _duration(self, name: str, duration: object) -> float | None:
        if duration is None:
            return None
        if isinstance(duration, (int, float)) and math.isfinite(duration) and 0 <= duration <= _WEEK:
            return float(duration)
        rule = "the duration is a number of seconds, from 0 to those of a week"
        self._misuse.warn_once(f"record({shown(name)})", f"{rule}. It is left out")
        return None

    def _attributes(self, name: str, attributes: Mapping[str, object]) -> dict[str, AttributeValue]:
        made: dict[str, AttributeValue] = {}
        for attribute, given in attributes.items():
            if given is None:
                continue
            value = value_of(given)
            problem = None
            if not is_attribute_name(attribute):
                problem = f"{ATTRIBUTE_RULE}; {shown(attribute)} does not"
            elif self._is_reserved(attribute):
                problem = f"argus-otel sets {attribute} itself; choose another name"
            elif value is None:
                problem = f"{VALUE_RULE}; {attribute} is {type(given).__name__}"
            elif len(made) >= MAX_EVENT_ATTRIBUTES:
                problem = f"{attribute} is attribute number {MAX_EVENT_ATTRIBUTES + 1}"
            if problem is not None:
                self._misuse.warn_once(f"record({shown(name)})", f"{problem}. It is left out")
            elif value is not None:
                made[attribute] = annotation_of(value, self._telemetry.redact)
        return made


def _differs(reference: IdReference, ids: Mapping[str, AttributeValue], work: Mapping[str, AttributeValue]) -> bool:
    """Whether an event names another enclosing object than the running work has."""
    given = ids.get(reference.attribute)
    return reference.encloses and given is not None and given != work.get(reference.attribute)
