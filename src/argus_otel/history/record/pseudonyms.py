"""Keyed hashes in place of people's ids, as ``ARGUS_HISTORY_USERS`` and ``ARGUS_HISTORY_USER_KEY`` say."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable


def pseudonymizer(policy: str, key: str | None) -> Callable[[str], str]:
    """Return a function from a person's id to the text that history keeps of it; empty text means nothing is kept.

    Parameters
    ----------
    policy:
        ``off``, ``hashed`` or ``plain``. ``hashed`` without a key keeps nothing.
    """
    if policy == "plain":
        return str
    if policy == "hashed" and key:
        return lambda person: hashed(person, key)
    return lambda _: ""


def hashed(person: str, key: str) -> str:
    """Return the first 16 bytes of HMAC-SHA256 of an id, in hexadecimal digits.

    Ids are few enough to try them all, so a hash without a key would hide nothing.
    """
    return hmac.new(key.encode(), person.encode(), hashlib.sha256).digest()[:16].hex()
