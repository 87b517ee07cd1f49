"""Parsers of settings. Each raises :class:`ValueError` for an invalid text."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit


def utf8(text: str) -> str:
    """Refuse bytes of the environment that are not UTF-8."""
    text.encode()  # raises UnicodeEncodeError, a ValueError
    return text


def optional(text: str) -> str | None:
    """Return the text unchanged, for a setting without a default."""
    return text


def boolean(text: str) -> bool:
    """Read ``true``, ``1``, ``yes``, ``on`` and their opposites."""
    if text.lower() in ("true", "1", "yes", "on"):
        return True
    if text.lower() in ("false", "0", "no", "off"):
        return False
    raise ValueError(text)


def names(text: str) -> tuple[str, ...]:
    """Read names that are separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def host_names(text: str) -> tuple[str, ...]:
    """Read host names that are separated by commas."""
    hosts = tuple(name.lower().removesuffix(".") for name in names(text))
    if not all(re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", name) for name in hosts):
        raise ValueError(text)
    return hosts


def seconds(text: str) -> float:
    """Read a number of seconds, 0 or more."""
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError(text)
    return number


def mebibytes(text: str) -> float:
    """Read a number of MiB above 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


def positive(text: str) -> int:
    """Read a whole number above 0."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def one_of(*words: str) -> Callable[[str], str]:
    """Return a parser of one of ``words``, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(text)
        return text.lower()

    return parse


def url_with(*placeholders: str) -> Callable[[str], str]:
    """Return a parser of a URL for HTTP, without user and password, that may hold these names in braces."""

    def parse(text: str) -> str:
        url = urlsplit(text)
        if url.scheme not in ("https", "http") or not url.hostname or "@" in url.netloc or re.search(r"\s", text):
            raise ValueError(text)
        _ = url.port  # raises ValueError if it is no number
        if not set(re.findall(r"{(.*?)}", text)) <= set(placeholders):
            raise ValueError(text)
        return text

    return parse


def rates(text: str) -> dict[str, float]:
    """Read names and shares from 0 to 1: ``discord.task=0.5,discord.event.message=0``."""
    shares: dict[str, float] = {}
    for pair in names(text):
        name, _, share = pair.rpartition("=")
        shares[name.strip()] = float(share)
        if not name.strip() or not 0 <= float(share) <= 1:
            raise ValueError(text)
    return shares
