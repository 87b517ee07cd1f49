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

        def value(found: re.Match[str]) -> str:
            if found[1] is None:
                return "${"
            kind, colon, name = found[1].partition(":")
            read: Callable[[str], str] | None = {"env": self._variable, "file": self._text}.get(kind)
            if not colon or not name or read is None:
                raise place.wrong(f"{found[0]!r} is no reference; write ${{env:NAME}} or ${{file:PATH}}")
            try:
                secret = read(name)
            except (LookupError, OSError, UnicodeDecodeError) as error:
                if not self._required:
                    raise _UnknownError from error
                raise place.wrong(f"{found[0]!r} cannot be read: {_reason(kind, error)}") from error
            if secret:
                self.values.add(secret)
            return secret

        try:
            text = _REFERENCE.sub(value, source)
        except Wrong as error:
            wrong.append(error)
            return
        except _UnknownError:
            place.fill(Filled(source, source, known=False))
            return
        place.fill(Filled(text, source))

    def _variable(self, name: str) -> str:
        return self._environment[name]

    def _text(self, path: str) -> str:
        return (self._directory / path).expanduser().read_text(encoding="utf-8").rstrip("\r\n")


class _UnknownError(Exception):
    """A reference cannot be read, and need not be."""


def _reason(kind: str, error: Exception) -> str:
    if kind == "env":
        return "the variable is not set"
    return getattr(error, "strerror", None) or "it is no text"
