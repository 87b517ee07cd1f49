"""What the bot's own code puts into history: events by names of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from .catalogue import HISTORY_DROPPED
from .complaints import Complaints, shown
from .definitions import AttributeValue, Event
from .history import HERE
from .own_values import ATTRIBUTE_RULE, NAME_RULE, VALUE_RULE, annotation_of, is_attribute_name, is_name, value_of
from .recorder import Telemetry
from .references import IdReference
from .reserved import RESERVED_ATTRIBUTES

MOST_EVENTS = 200
"""The most names of events of the bot's own."""

MOST_DETAILS = 32
"""The most attributes of one event."""

LONGEST_NAME = 100
"""The most characters of an event's name."""

_WEEK = 7 * 86400.0


class OwnEvents:
    """The events of the bot's own code.

    Parameters
    ----------
    namespaces:
        First words of names that are reserved.
    """

    def __init__(self, telemetry: Telemetry, complaints: Complaints, namespaces: Iterable[str]) -> None:
        self._telemetry = telemetry
        self._complaints = complaints
        self._namespaces = frozenset(namespaces)
        self._events: dict[str, Event] = {}

    def record(self, name: str, duration: float | None, given: Mapping[str, object], /) -> None:
        """Put an event into history, where there is one.

        Parameters
        ----------
        duration:
            In seconds.
        given:
            Attributes, and ids by the keywords of :attr:`~.recorder.Telemetry.references`.
        """
        history = self._telemetry.history
        if history is None:
            return
        event = self._events.get(name) if isinstance(name, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
        if event is None:
            wrong = self._wrong_with(name)
            if wrong is not None:
                self._complaints.tell(f"record({shown(name)})", f"{wrong}. Nothing is recorded")
                return
            event = self._events[name] = Event(str.__str__(name), "Recorded by the bot's own code.")
        references = self._telemetry.references
        made = self._attributes(name, {word: value for word, value in given.items() if word not in references})
        made.update(self._ids(name, {word: value for word, value in given.items() if word in references}))
        history(event, made, self._duration(name, duration))

    def _wrong_with(self, name: object) -> str | None:
        if not isinstance(name, str):
            return f"the name has to be a str such as 'song.played', not {type(name).__name__}"
        if not is_name(name):
            return f"{NAME_RULE}, such as 'song.played'"
        if len(name) > LONGEST_NAME:
            return f"the name has more than {LONGEST_NAME} characters"
        word = name.partition(".")[0].lower()
        if word in self._namespaces:
            return f"names that begin with '{word}.' are reserved; begin with a word of your own"
        if len(self._events) >= MOST_EVENTS:
            self._telemetry.counter(HISTORY_DROPPED)["names"].value += 1
            return f"there are {MOST_EVENTS} events by other names already; what differs goes into attributes"
        return None

    def _ids(self, name: str, given: Mapping[str, object]) -> dict[str, AttributeValue]:
        """Return what the event is about: the ids that were given, and those of the running work for the others."""
        references = self._telemetry.references
        ids: dict[str, AttributeValue] = {}
        for word, thing in given.items():
            if thing is None:
                continue
            reference = references[word]
            found = reference.id_of(thing)
            if found is None:
                rule = f"{word} is {reference.expects}, not {type(thing).__name__}"
                self._complaints.tell(f"record({shown(name)})", f"{rule}. It is left out")
            else:
                ids[reference.attribute] = found
        here = HERE.get()
        if here is None or here.over:
            return ids
        inherited = here.attributes
        if any(_is_elsewhere(reference, ids, inherited) for reference in references.values()):
            actors = {reference.attribute for reference in references.values() if reference.actor}
            inherited = {name: value for name, value in inherited.items() if name in actors}
        return {**inherited, **ids}

    def _is_reserved(self, attribute: str) -> bool:
        """Whether an attribute would take the place of one that sources or the distro set."""
        word = attribute.partition(".")[0]
        references = self._telemetry.references.values()
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
        self._complaints.tell(f"record({shown(name)})", f"{rule}. It is left out")
        return None

    def _attributes(self, name: str, attributes: Mapping[str, object]) -> dict[str, AttributeValue]:
        made: dict[str, AttributeValue] = {}
        for attribute, given in attributes.items():
            if given is None:
                continue
            value = value_of(given)
            wrong = None
            if not is_attribute_name(attribute):
                wrong = f"{ATTRIBUTE_RULE}; {shown(attribute)} does not"
            elif self._is_reserved(attribute):
                wrong = f"{attribute} is what argus-otel sets itself; take another name"
            elif value is None:
                wrong = f"{VALUE_RULE}; {attribute} is {type(given).__name__}"
            elif len(made) >= MOST_DETAILS:
                wrong = f"{attribute} is attribute number {MOST_DETAILS + 1}"
            if wrong is not None:
                self._complaints.tell(f"record({shown(name)})", f"{wrong}. It is left out")
            elif value is not None:
                made[attribute] = annotation_of(value, self._telemetry.redact)
        return made


def _is_elsewhere(
    reference: IdReference, ids: Mapping[str, AttributeValue], here: Mapping[str, AttributeValue]
) -> bool:
    """Whether an event names another enclosing thing than the running work is in."""
    given = ids.get(reference.attribute)
    return reference.encloses and given is not None and given != here.get(reference.attribute)
