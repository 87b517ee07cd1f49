"""What a run was given: its configuration and the program's arguments, without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

MOST = 64
"""How many parameters are kept."""

LONGEST = 256
"""The most characters of one."""

_MOST_ITEMS = 16
"""A longer list is only told by its class."""

REDACTED = "[redacted]"

_SECRETS = frozenset(
    ("key", "apikey", "token", "secret", "password", "passwd", "pwd", "passphrase", "credentials", "auth")
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_VALUE = re.compile(r"\b(sk|pk|ghp|gho|hf|xox[bp]|AKIA|eyJ)[-_A-Za-z0-9.]{12,}|://[^/\s:@]+:[^/\s@]+@")


def config_as_json(config: Mapping[str, Any], redact: Callable[[str], str]) -> str:
    """Return a configuration as JSON: numbers, truth values and texts; of anything else, the name of its class.

    Nested mappings become names with dots. What is named like a secret, or looks like one, is left out.
    """
    kept: dict[str, Any] = {}
    for name, value in _flat(config, ""):
        if len(kept) >= MOST:
            break
        kept[name[:LONGEST]] = REDACTED if isinstance(value, str) and names_a_secret(name) else _plain(value, redact)
    return json.dumps(kept, ensure_ascii=False, allow_nan=True)


def arguments_as_text(arguments: Iterable[str], redact: Callable[[str], str]) -> str:
    """Return the arguments of a program in one line. A value after an option that names a secret is left out."""
    words: list[str] = []
    hidden = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        if hidden and not argument.startswith("-"):
            words.append(REDACTED)
            hidden = False
        elif equals and names_a_secret(name):
            words.append(f"{name}={REDACTED}")
            hidden = False
        else:
            words.append(_text(argument, redact))
            hidden = argument.startswith("-") and not equals and names_a_secret(name)
        if len(words) >= MOST:
            break
    return " ".join(words)


def names_a_secret(name: str) -> bool:
    """Whether one of the words of a name, such as ``hub_token`` or ``apiKey``, is that of a secret."""
    return any(word.lower() in _SECRETS for word in _WORDS.findall(name))


def _flat(config: Mapping[Any, Any], prefix: str) -> Iterable[tuple[str, Any]]:
    for key, value in config.items():
        name = f"{prefix}{key}" if isinstance(key, (str, int)) else f"{prefix}{type(key).__name__}"
        if isinstance(value, Mapping) and prefix.count(".") < 3:
            yield from _flat(value, f"{name}.")  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield name, value


def _plain(value: Any, redact: Callable[[str], str]) -> Any:
    if value is None or type(value) in (bool, int, float):
        return value
    if type(value) is str:
        return _text(value, redact)
    if type(value) in (list, tuple) and len(value) <= _MOST_ITEMS:
        return [_plain(each, redact) for each in value]
    return type(value).__name__


def _text(text: str, redact: Callable[[str], str]) -> str:
    return _VALUE.sub(REDACTED, redact(text[: 4 * LONGEST]))[:LONGEST]
