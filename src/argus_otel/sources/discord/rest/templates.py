"""Route templates without ids or tokens.

discord.py's ``Route.path`` is a template already, except for one route that is spelled with its id, and for routes that
a bot spells itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SNOWFLAKE = re.compile(r"^\d{15,20}$")
# Interaction and webhook tokens are longer than 60 characters; the names in Discord's paths are much shorter than 40.
_TOKEN = re.compile(r"^[\w.%-]{40,}$")


@lru_cache(maxsize=1024)
def template_of(path: str) -> str:
    """Return ``path`` with each id as ``{id}`` and each token as ``{token}``, and without a query."""
    return "/".join(_segment(segment) for segment in path.partition("?")[0].split("/"))


def _segment(segment: str) -> str:
    if _SNOWFLAKE.match(segment):
        return "{id}"
    if _TOKEN.match(segment):
        return "{token}"
    return segment
