"""When a check runs: a fixed grid of the wall clock, moved by a hash of the check's name.

The grid needs no memory. Checks are spread over their interval, and a check has the same slots after a restart, after a
reload of the file, and on every agent.
"""

from __future__ import annotations

import hashlib


def phase(name: str, interval: int) -> int:
    """Return the offset of a check's slots, in milliseconds, 0 or more and less than ``interval``."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") % interval


def slot_after(moment: int, name: str, interval: int) -> int:
    """Return the first slot of a check after ``moment``.

    Parameters
    ----------
    moment, interval:
        In milliseconds; the moment since 1970.
    """
    offset = phase(name, interval)
    return (moment - offset) // interval * interval + interval + offset
