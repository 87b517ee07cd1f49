"""Removes secrets from text before it leaves the process.

The redactor runs on the event loop for each log line, and on the exporter's thread for each span. It therefore first
looks for a feature of every token, a long run of letters and digits, which hardly any text has. The cost of that search
does not depend on the number of remembered secrets. Nothing here takes a lock: the redactor may run in a signal handler
and in a forked child.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import monotonic

REDACTED = "[redacted]"

_TOKEN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
# Maps each character that a token may have to an x, and every other one to a space: a run is then found in C.
_SHAPE = bytes(ord("x") if byte in _TOKEN else ord(" ") for byte in range(256))
_RUNS = re.compile(r"[A-Za-z0-9_-]+")

# Shorter secrets, and those with other characters, are searched for one by one. There are few.
_MIN_TOKEN_LENGTH = 16

_MAX_GROWTH = 16
"""How many times ``remembered`` secrets are kept while they arrive faster than they may be forgotten."""


class Redactor:
    """Replaces secrets by ``[redacted]``: those that match a pattern, and those that were added.

    Parameters
    ----------
    remembered, seconds:
        An added secret is kept until so many others were added after it and so many seconds have passed, or until 16
        times as many were added. The time has to be longer than a span waits for its export. (Interaction tokens arrive
        by the thousand, expire within minutes, and are added on arrival and once for each response.)
    """

    def __init__(self, remembered: int = 2048, seconds: float = 60.0) -> None:
        self._patterns: list[_Pattern] = []
        self._permanent: tuple[str, ...] = ()
        self._remembered = remembered
        self._seconds = seconds
        self._previous = _Generation()
        self._current = _Generation()
        self._latest = self._current.secrets
        self._check_at = remembered

    def add_pattern(self, pattern: str, *, run: int = 0, prefixes: Sequence[str] = ()) -> None:
        """Redact the matches of ``pattern``; only the group named ``secret`` if it has one.

        Parameters
        ----------
        run, prefixes:
            A feature of every text that matches: so many letters, digits, ``_`` and ``-`` in a row, or one of these
            substrings. Other texts are not searched for the pattern.
        """
        made = _Pattern(pattern, run, prefixes)
        if all(made.pattern != known.pattern for known in self._patterns):
            self._patterns.append(made)

    def add_secret(self, secret: object, *, permanent: bool = False) -> None:
        """Redact this exact text everywhere. An empty text, or an object that is no text, is ignored.

        Parameters
        ----------
        permanent:
            Never forget it. For the few secrets that are valid as long as the process lives.
        """
        if secret and isinstance(secret, str):
            if permanent:
                if secret not in self._permanent:
                    self._permanent = (*self._permanent, secret)
                return
            # No search for duplicates: each interaction adds a secret, and redacting one is rare.
            latest = self._latest
            latest.append(secret)
            if len(latest) >= self._check_at:
                self._forget()

    def _forget(self) -> None:
        """Drop the previous generation if the current one is large enough and old enough."""
        current = self._current
        number = len(current.secrets)
        if number < self._remembered * _MAX_GROWTH and monotonic() - current.since < self._seconds:
            self._check_at = number + 1 + self._remembered // 16  # do not check again at each secret
            return
        fresh = _Generation()
        if self._current is current:  # nothing is called in here, so no other thread forgets in between
            self._previous, self._current, self._latest = current, fresh, fresh.secrets
            self._check_at = self._remembered

    def __call__(self, text: str) -> str:
        """Return ``text`` without the secrets."""
        for secret in self._permanent:
            if secret in text:
                text = text.replace(secret, REDACTED)
        shape = _shape_of(text)
        for pattern in self._patterns:
            if pattern.may_match(text, shape):
                text = pattern.pattern.sub(_mask, text)
                shape = _shape_of(text)
        for generation in (self._previous, self._current):
            text = generation.redact(text, shape)
        return text


class _Pattern:
    """A pattern of secrets, and the feature of every text that matches it."""

    def __init__(self, pattern: str, run: int, prefixes: Sequence[str]) -> None:
        self.pattern = re.compile(pattern)
        self._run = b"x" * run
        self._prefixes = tuple(prefixes)

    def may_match(self, text: str, shape: bytes) -> bool:
        if self._prefixes:
            return any(prefix in text for prefix in self._prefixes)
        return self._run in shape


class _Generation:
    """The secrets that were added in one period: all in order, and those up to the last search in an index."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.since = monotonic()
        self._indexed = 0
        self._tokens: set[str] = set()
        self._lengths: set[int] = set()
        self._others: dict[str, None] = {}

    def redact(self, text: str, shape: bytes) -> str:
        if len(self.secrets) != self._indexed:
            self._index()
        if self._others:
            for secret in tuple(self._others):
                text = text.replace(secret, REDACTED)
        lengths = tuple(self._lengths)
        if lengths and b"x" * min(lengths) in shape:
            text = _RUNS.sub(self._mask, text)
        return text

    def _index(self) -> None:
        # Two threads may index at once. Each indexes every new secret before it advances the count.
        indexed = self._indexed
        fresh = self.secrets[indexed:]
        for secret in fresh:
            if _is_token(secret):
                self._tokens.add(secret)
                self._lengths.add(len(secret))
            else:
                self._others[secret] = None
        self._indexed = indexed + len(fresh)

    def _mask(self, match: re.Match[str]) -> str:
        run = match.group()
        for length in sorted(self._lengths, reverse=True):
            start = 0
            while start + length <= len(run):
                if run[start : start + length] in self._tokens:
                    run = f"{run[:start]}{REDACTED}{run[start + length :]}"
                    start += len(REDACTED)
                else:
                    start += 1
        return run


def _shape_of(text: str) -> bytes:
    return text.encode("utf-8", "replace").translate(_SHAPE)


def _is_token(secret: str) -> bool:
    return len(secret) >= _MIN_TOKEN_LENGTH and secret.isascii() and not secret.encode().translate(None, _TOKEN)


def _mask(match: re.Match[str]) -> str:
    if "secret" not in match.re.groupindex:
        return REDACTED
    start, end = match.span("secret")
    whole, offset = match.group(), match.start()
    return whole[: start - offset] + REDACTED + whole[end - offset :]
