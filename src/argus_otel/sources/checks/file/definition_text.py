"""The definition of a check in code as the text of a file, so that both are read in the same way."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from argus_otel.sources.problems import Problem

from .document import LEVELS
from .problems import CheckFileError

_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


def text_of(name: str, definition: Mapping[str, Any]) -> str:
    """Return the text of a file with this check alone.

    Raises
    ------
    CheckFileError
        The definition is nested too deeply, or has a value that no file can have.
    """
    try:
        text = json.dumps({"checks": {name: definition}}, default=_mapping)
    except RecursionError:
        problem = f"it is nested too deeply: more than {LEVELS} levels"
    except (TypeError, ValueError) as error:
        problem = f"a file could not have it: {error}"
    else:
        # JSON writes a character beyond U+FFFF as two escapes, which YAML does not know.
        return _PAIR.sub(_as_yaml, text)
    raise CheckFileError(f"check {name}", [Problem(0, 0, f"checks.{name}", problem)])


def _mapping(value: object) -> dict[object, object]:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    raise TypeError(f"{type(value).__name__} is no text, number, list or mapping")


def _as_yaml(pair: re.Match[str]) -> str:
    high, low = int(pair[1], 16), int(pair[2], 16)
    return f"\\U{0x10000 + (high - 0xD800 << 10) + (low - 0xDC00):08x}"
