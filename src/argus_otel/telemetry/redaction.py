"""Takes secrets out of text before it leaves the process."""

from __future__ import annotations

import re
from collections import OrderedDict

REDACTED = "[redacted]"


class Redactor:
    """Replaces secrets by ``[redacted]``: those that match a pattern, and those that were named.

    Parameters
    ----------
    remembered:
        How many named secrets are kept, the latest first. (Interaction tokens come by the thousand and die in minutes.)
    """

    def __init__(self, remembered: int = 1024) -> None:
        self._patterns: list[re.Pattern[str]] = []
        self._secrets: OrderedDict[str, None] = OrderedDict()
        self._remembered = remembered

    def add_pattern(self, pattern: str) -> None:
        """Redact what ``pattern`` matches; where it has a group named ``secret``, only that part."""
        compiled = re.compile(pattern)
        if compiled not in self._patterns:
            self._patterns.append(compiled)

    def add_secret(self, secret: object) -> None:
        """Redact this very text wherever it stands. What is empty or no text is ignored."""
        if secret and isinstance(secret, str):
            self._secrets[secret] = None
            self._secrets.move_to_end(secret)  # one that is still in use is not the next to be forgotten
            if len(self._secrets) > self._remembered:
                self._secrets.popitem(last=False)

    def __call__(self, text: str) -> str:
        """Return ``text`` without the secrets."""
        for secret in tuple(self._secrets):
            if secret in text:
                text = text.replace(secret, REDACTED)
        for pattern in self._patterns:
            text = pattern.sub(_mask, text)
        return text


def _mask(match: re.Match[str]) -> str:
    if "secret" not in match.re.groupindex:
        return REDACTED
    start, end = match.span("secret")
    whole, offset = match.group(), match.start()
    return whole[: start - offset] + REDACTED + whole[end - offset :]
