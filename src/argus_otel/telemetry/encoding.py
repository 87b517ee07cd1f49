"""Whether a text can be exported: every exporter encodes texts in UTF-8, and one that it cannot costs a whole batch."""

from __future__ import annotations


def is_utf8(text: str) -> bool:
    """Whether ``text`` can be encoded in UTF-8: not with half of a surrogate pair in it, which JSON may hold."""
    try:
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_utf8(text: str, errors: str = "replace") -> str:
    """Return ``text`` with what cannot be encoded in UTF-8 replaced.

    Parameters
    ----------
    errors:
        How, as in :meth:`str.encode`.
    """
    return text if is_utf8(text) else text.encode("utf-8", errors).decode()
