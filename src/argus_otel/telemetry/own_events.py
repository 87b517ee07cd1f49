"""What the bot's own code puts into history: events by names of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from .catalogue import HISTORY_DROPPED
from .complaints import Complaints, shown
from .definitions import AttributeValue, Event
from .history import HERE
from .own_values import ATTRIBUTE_RULE, NAME_RULE, VALUE_RULE, annotation_of, is_attribute_name, is_name, value_of
from .recorder import Telemetry

MOST_EVENTS = 200
"""The most names of events of the bot's own."""

MOST_DETAILS = 32
"""The most attributes of one event."""

LONGEST_NAME = 100
"""The most characters of an event's name."""

PLACES = {"guild": "discord.guild.id", "channel": "discord.channel.id", "user": "discord.user.id"}

Given: TypeAlias = Mapping[str, "AttributeValue | None"]

_SNOWFLAKES = 1 << 64
_WEEK = 7 * 86400.0
# A name of ours would be counted among what argus-otel itself records, and an attribute's would take its column.
_OURS = ("discord", "argus", "event", "service")


class OwnEvents:
    """The events of the bot's own code.

    Parameters
    ----------
    namespaces:
        First words of names that are not the bot's.
    """

    def __init__(self, telemetry: Telemetry, complaints: Complaints, namespaces: Iterable[str]) -> None:
        self._telemetry = telemetry
        self._complaints = complaints
        self._namespaces = {*namespaces, *_OURS}
        self._events: dict[str, Event] = {}

    def record(self, name: str, places: Mapping[str, object], duration: float | None, attributes: Given, /) -> None:
        """Put an event into history, where there is one.

        Parameters
        ----------
        places:
            Ids, or what has one, by the keys of :data:`PLACES`.
        duration:
            In seconds.
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
        made = self._attributes(name, attributes)
        made.update(self._place(name, places))
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
            return f"names that begin with '{word}.' are not the bot's; begin with a word of its own"
        if len(self._events) >= MOST_EVENTS:
            self._telemetry.counter(HISTORY_DROPPED)["names"].value += 1
            return f"there are {MOST_EVENTS} events by other names already; what differs goes into attributes"
        return None

    def _place(self, name: str, places: Mapping[str, object]) -> dict[str, AttributeValue]:
        """Return where it happened: what was given, and of what was not, what the running work has."""
        given: dict[str, AttributeValue] = {}
        for word, place in places.items():
            if place is None:
                continue
            found = _id_of(place)
            if found is None:
                rule = f"{word} is an id, or something of discord.py's that has one, not {type(place).__name__}"
                self._complaints.tell(f"record({shown(name)})", f"{rule}. It is left out")
            else:
                given[PLACES[word]] = str(found)
        here = HERE.get()
        if here is None or here.over:
            return given
        guild = PLACES["guild"]
        if given.get(guild) not in (None, here.attributes.get(guild)):  # some other guild: only who did it is the same
            user = PLACES["user"]
            return {**({user: here.attributes[user]} if user in here.attributes else {}), **given}
        return {**here.attributes, **given}

    def _duration(self, name: str, duration: object) -> float | None:
        if duration is None:
            return None
        if isinstance(duration, (int, float)) and math.isfinite(duration) and 0 <= duration <= _WEEK:
            return float(duration)
        rule = "the duration is a number of seconds, from 0 to those of a week"
        self._complaints.tell(f"record({shown(name)})", f"{rule}. It is left out")
        return None

    def _attributes(self, name: str, attributes: Given) -> dict[str, AttributeValue]:
        made: dict[str, AttributeValue] = {}
        for attribute, given in attributes.items():
            if given is None:
                continue
            value = value_of(given)
            wrong = None
            if not is_attribute_name(attribute):
                wrong = f"{ATTRIBUTE_RULE}; {shown(attribute)} does not"
            elif attribute.partition(".")[0] in _OURS or attribute == "error.type":
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


def _id_of(place: object) -> int | None:
    """Return the id that something is or has: a snowflake, as a number or in its digits."""
    if isinstance(place, str):
        if not (place.isascii() and place.isdecimal() and len(place) <= 20):
            return None
        place = int(place)
    elif not isinstance(place, int):
        place = getattr(place, "id", None)
    if isinstance(place, int) and not isinstance(place, bool) and 0 < place < _SNOWFLAKES:
        return int(place)
    return None
