"""Derives files from the settings: the keywords of ``argus_otel.instrument``, and the table in the documentation.

``python -m tools.settings``; a test fails if either is not up to date.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from argus_otel.settings import Setting, all_settings

ROOT = Path(__file__).resolve().parents[1]
KEYWORDS = ROOT / "src" / "argus_otel" / "settings" / "keywords.py"
DOCUMENT = ROOT / "docs" / "configuration.md"

_HEAD = '''"""The keywords of :func:`argus_otel.instrument`; written by ``python -m tools.settings``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TypedDict


class Keywords(TypedDict, total=False):
    """A value for each setting; see docs/configuration.md. ``None`` is the same as leaving it out."""

'''
_NOTHING = "\N{EN DASH}"
_TABLE = re.compile(r"(?<=\n)\| Keyword \|.*?(?=\n\n)", re.DOTALL)


def keywords() -> str:
    """Return the text of :data:`KEYWORDS`."""
    return _HEAD + "".join(f"    {setting.name}: {setting.type} | None\n" for setting in all_settings())


def table() -> str:
    """Return the table of settings of :data:`DOCUMENT`."""
    head = ("| Keyword | `ARGUS_*` variable | `OTEL_*` variable | Default | Description |", "|---|---|---|---|---|")
    return "\n".join((*head, *map(_row, all_settings())))


def document() -> str:
    """Return the text of :data:`DOCUMENT`, with the table as it should be."""
    return _TABLE.sub(lambda _: table(), DOCUMENT.read_text(encoding="utf-8"), count=1)


def _row(setting: Setting[Any]) -> str:
    ours = ", ".join(f"`{name}`" for name in setting.variables if name.startswith("ARGUS_")) or _NOTHING
    otels = ", ".join(f"`{name}`" for name in setting.variables if not name.startswith("ARGUS_")) or _NOTHING
    meaning = f"{setting.help} Secret: it is never shown." if setting.secret else setting.help
    return f"| `{setting.name}` | {ours} | {otels}{setting.variables_help} | {_default(setting)} | {meaning} |"


def _default(setting: Setting[Any]) -> str:
    if setting.default_help is not None:
        return setting.default_help
    if setting.default in (None, ()):
        return _NOTHING
    default: object = setting.default
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{str(default).lower()}`" if isinstance(default, bool) else f"`{default}`"


def main() -> None:
    """Write both."""
    KEYWORDS.write_text(keywords(), encoding="utf-8")
    DOCUMENT.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
