"""Takes secrets out of text before it leaves the process."""

from __future__ import annotations

import re
from collections import deque

REDACTED = "[redacted]"


class Redactor:
    """Replaces secrets by ``[redacted]``: those that match a pattern, and those that were named.

    Parameters
    ----------
    remembered:
        How many times that a secret was named are kept, the latest. (Interaction tokens come by the thousand, die in
        minutes, and are named as they come and once for each answer.)
    """

    def __init__(self, remembered: int = 2048) -> None:
        self._patterns: list[re.Pattern[str]] = []
        self._secrets: deque[str] = deque(maxlen=remembered)

    def add_pattern(self, pattern: str) -> None:
        """Redact what ``pattern`` matches; where it has a group named ``secret``, only that part."""
        compiled = re.compile(pattern)
        if compiled not in self._patterns:
            self._patterns.append(compiled)

    def add_secret(self, secret: object) -> None:
        """Redact this very text wherever it stands. What is empty or no text is ignored."""
        if secret and isinstance(secret, str):
            # Not looked for first: naming is on the way of every interaction, and taking out is rare.
            self._secrets.append(secret)

    def __call__(self, text: str) -> str:
        """Return ``text`` without the secrets."""
        for secret in dict.fromkeys(tuple(self._secrets)):
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
