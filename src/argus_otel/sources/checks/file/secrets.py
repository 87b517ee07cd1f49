"""Secrets in a file of checks: ``${env:NAME}`` and ``${file:PATH}``, read when the file is, and never shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from .places import Filled, Place, Wrong

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}")


class Secrets:
    """Replaces references.

    Parameters
    ----------
    directory:
        Where relative paths begin: the directory of the file of checks.
    required:
        Whether a reference that cannot be read is a problem.

    Attributes
    ----------
    values:
        Every value that was used, for the redactor.
    """

    def __init__(self, environment: Mapping[str, str], directory: Path, *, required: bool = True) -> None:
        self.values: set[str] = set()
        self._environment = environment
        self._directory = directory
        self._required = required

    def fill(self, place: Place, wrong: list[Wrong]) -> None:
        """Replace the references in every text below a place. One that cannot be replaced is a problem.

        A text that is to have ``${`` in it is written with ``$${``.
        """
        for each in place.below():
            self.fill(each, wrong)
        if "${" in place.written and not place.is_filled:  # an alias is the node that it names
            self._fill_text(place, wrong)

    def _fill_text(self, place: Place, wrong: list[Wrong]) -> None:
        source = place.written
        known = True

        def value(found: re.Match[str]) -> str:
            nonlocal known
            if found[1] is None:
                return "${"
            kind, colon, name = found[1].partition(":")
            read: Callable[[str], str] | None = {"env": self._variable, "file": self._text}.get(kind)
            if not colon or not name or read is None:
                known = False
                wrong.append(place.wrong(f"{found[0]!r} is no reference; write ${{env:NAME}} or ${{file:PATH}}"))
                return ""
            try:
                secret = read(name)
            except (LookupError, OSError, UnicodeDecodeError) as error:
                known = False
                if self._required:
                    wrong.append(place.wrong(f"{found[0]!r} cannot be read: {_reason(kind, error)}"))
                return ""
            if secret:
                self.values.add(secret)
            return secret

        text = _REFERENCE.sub(value, source)
        place.fill(Filled(text, source) if known else Filled(source, source, known=False))

    def _variable(self, name: str) -> str:
        return self._environment[name]

    def _text(self, path: str) -> str:
        return (self._directory / path).expanduser().read_text(encoding="utf-8").rstrip("\r\n")


def _reason(kind: str, error: Exception) -> str:
    if kind == "env":
        return "the variable is not set"
    return getattr(error, "strerror", None) or "it is no text"
