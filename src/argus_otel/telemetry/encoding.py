"""Whether a text can be exported.

Exporters encode in UTF-8. One text that cannot be encoded costs a whole batch.
"""

from __future__ import annotations


def is_utf8(text: str) -> bool:
    """Whether ``text`` can be encoded in UTF-8. A lone surrogate, which JSON allows, cannot."""
    try:
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_utf8(text: str, errors: str = "replace") -> str:
    """Return ``text`` with the characters replaced that cannot be encoded in UTF-8.

    Parameters
    ----------
    errors:
        The error handler, as in :meth:`str.encode`.
    """
    return text if is_utf8(text) else text.encode("utf-8", errors).decode()
