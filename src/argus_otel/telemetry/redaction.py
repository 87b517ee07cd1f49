"""Takes secrets out of text before it leaves the process.

It runs on the event loop for each log line, and on the exporter's thread for each span. So a text is looked through for
what any token has, a long run of letters and digits, before anything else is done: nearly none has one. What it costs
then does not depend on how many secrets are remembered. Nothing here locks: it may run in a signal handler, and in a
child that was forked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import monotonic

REDACTED = "[redacted]"

_TOKEN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
# A text in which each character of a token is an x and everything else a space: to find a run in it is a search in C.
_SHAPE = bytes(ord("x") if byte in _TOKEN else ord(" ") for byte in range(256))
_RUNS = re.compile(r"[A-Za-z0-9_-]+")

# Shorter secrets, and those with other characters, are searched for one by one: there are few.
_SHORTEST = 16

_AT_MOST = 16
"""How many times as much is remembered while secrets come faster than they may be forgotten."""


class Redactor:
    """Replaces secrets by ``[redacted]``: those that match a pattern, and those that were named.

    Parameters
    ----------
    remembered, seconds:
        A secret that was named is remembered until so many more have been and so long has passed, which has to be
        longer than a span waits for its export; or until 16 times as many have been. (Interaction tokens come by the
        thousand, die in minutes, and are named as they come and once for each answer.)
    """

    def __init__(self, remembered: int = 2048, seconds: float = 60.0) -> None:
        self._patterns: list[_Pattern] = []
        self._lasting: tuple[str, ...] = ()
        self._remembered = remembered
        self._seconds = seconds
        self._before = _Named()
        self._now = _Named()
        self._latest = self._now.secrets
        self._enough = remembered

    def add_pattern(self, pattern: str, *, run: int = 0, beginnings: Sequence[str] = ()) -> None:
        """Redact what ``pattern`` matches; where it has a group named ``secret``, only that part.

        Parameters
        ----------
        run, beginnings:
            What is in whatever it matches: so many letters, digits, ``_`` and ``-`` in a row, or one of these texts. It
            is searched for only where there is such.
        """
        made = _Pattern(pattern, run, beginnings)
        if all(made.pattern != known.pattern for known in self._patterns):
            self._patterns.append(made)

    def add_secret(self, secret: object, *, lasting: bool = False) -> None:
        """Redact this very text wherever it stands. What is empty or no text is ignored.

        Parameters
        ----------
        lasting:
            Never to forget it: it is one of a few that are good for as long as the process lives.
        """
        if secret and isinstance(secret, str):
            if lasting:
                if secret not in self._lasting:
                    self._lasting = (*self._lasting, secret)
                return
            # Not looked for first: naming is on the way of every interaction, and taking out is rare.
            latest = self._latest
            latest.append(secret)
            if len(latest) >= self._enough:
                self._forget()

    def _forget(self) -> None:
        """Let go of what was named before the latest, if that are enough and old enough."""
        now = self._now
        number = len(now.secrets)
        if number < self._remembered * _AT_MOST and monotonic() - now.since < self._seconds:
            self._enough = number + 1 + self._remembered // 16  # not looked at again for each of them
            return
        fresh = _Named()
        if self._now is now:  # nothing is called in here, so no other thread comes in between and forgets twice as much
            self._before, self._now, self._latest = now, fresh, fresh.secrets
            self._enough = self._remembered

    def __call__(self, text: str) -> str:
        """Return ``text`` without the secrets."""
        for secret in self._lasting:
            if secret in text:
                text = text.replace(secret, REDACTED)
        shape = _shape_of(text)
        for pattern in self._patterns:
            if pattern.may_be_in(text, shape):
                text = pattern.pattern.sub(_mask, text)
                shape = _shape_of(text)
        for named in (self._before, self._now):
            text = named.taken_out_of(text, shape)
        return text


class _Pattern:
    """What a kind of secret looks like, and what has to be in a text with one."""

    def __init__(self, pattern: str, run: int, beginnings: Sequence[str]) -> None:
        self.pattern = re.compile(pattern)
        self._run = b"x" * run
        self._beginnings = tuple(beginnings)

    def may_be_in(self, text: str, shape: bytes) -> bool:
        if self._beginnings:
            return any(beginning in text for beginning in self._beginnings)
        return self._run in shape


class _Named:
    """Secrets that were named in some stretch of time: as they came, and, up to the last search, to be looked up."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.since = monotonic()
        self._known = 0
        self._tokens: set[str] = set()
        self._lengths: set[int] = set()
        self._others: dict[str, None] = {}

    def taken_out_of(self, text: str, shape: bytes) -> str:
        if len(self.secrets) != self._known:
            self._look_up()
        if self._others:
            for secret in tuple(self._others):
                text = text.replace(secret, REDACTED)
        lengths = tuple(self._lengths)
        if lengths and b"x" * min(lengths) in shape:
            text = _RUNS.sub(self._mask, text)
        return text

    def _look_up(self) -> None:
        # Two threads may do it at once, and both do it whole: nothing is known before it can be found.
        known = self._known
        fresh = self.secrets[known:]
        for secret in fresh:
            if _is_token(secret):
                self._tokens.add(secret)
                self._lengths.add(len(secret))
            else:
                self._others[secret] = None
        self._known = known + len(fresh)

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
    return len(secret) >= _SHORTEST and secret.isascii() and not secret.encode().translate(None, _TOKEN)


def _mask(match: re.Match[str]) -> str:
    if "secret" not in match.re.groupindex:
        return REDACTED
    start, end = match.span("secret")
    whole, offset = match.group(), match.start()
    return whole[: start - offset] + REDACTED + whole[end - offset :]
