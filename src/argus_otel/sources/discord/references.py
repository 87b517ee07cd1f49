"""Discord's keywords of ``argus_otel.record``: guild, channel and user."""

from __future__ import annotations

from argus_otel.telemetry import IdReference

_SNOWFLAKES = 1 << 64


def id_of(thing: object) -> str | None:
    """Return a snowflake's digits, given a number, digits, or an object with an ``id``; else ``None``."""
    if isinstance(thing, str):
        if not (thing.isascii() and thing.isdecimal() and len(thing) <= 20):
            return None
        thing = int(thing)
    elif not isinstance(thing, int):
        thing = getattr(thing, "id", None)
    if isinstance(thing, int) and not isinstance(thing, bool) and 0 < thing < _SNOWFLAKES:
        return str(int(thing))
    return None


_EXPECTS = "an id, or an object of discord.py that has one"

REFERENCES = {
    "guild": IdReference("discord.guild.id", id_of, _EXPECTS, encloses=True),
    "channel": IdReference("discord.channel.id", id_of, _EXPECTS),
    "user": IdReference("discord.user.id", id_of, _EXPECTS, actor=True),
}
