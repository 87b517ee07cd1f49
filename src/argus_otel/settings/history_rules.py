"""What the settings of history mean together: the destination that ``true`` chooses, and the default store."""

from __future__ import annotations

from pathlib import Path

from . import parsers
from .resolution import Resolution
from .setting import Origin

DEFAULT_STORE = "chdb:argus-history"
DEFAULT_FILES = "files:argus-history-files"


def wanted(text: str) -> str:
    """Read ``ARGUS_HISTORY``: ``otlp``, ``store``, ``true`` or ``off``."""
    if text.lower() in ("otlp", "store"):
        return text.lower()
    return "true" if parsers.boolean(text) else "off"


def destination(resolution: Resolution, chosen: str) -> str:
    """Return ``otlp``, ``store`` or ``off``."""
    by_otlp = any(exporter.startswith("otlp_proto_") for exporter in resolution.values["logs_exporters"])
    if chosen == "true":
        return "otlp" if by_otlp else "store"
    if chosen == "otlp" and not by_otlp:
        resolution.problems.append(
            "ARGUS_HISTORY is 'otlp', but logs are not exported by OTLP: set OTEL_EXPORTER_OTLP_ENDPOINT, or "
            "ARGUS_HISTORY=store; no history is recorded"
        )
        return "off"
    return chosen


def store(resolution: Resolution, chosen: str) -> str:
    """Return the store. By default these are daily files where they are kept already, or where no engine is installed.

    If files are there, the engine may have been installed to query them.
    """
    if resolution.origins["history_store"].source != "default":
        return chosen
    engine, files = (address.partition(":")[2] for address in (DEFAULT_STORE, DEFAULT_FILES))
    if Path(files).is_dir() and not Path(engine).is_dir():
        reason = f"{files} exists"
    elif resolution.values["history"] == "store" and not _engine_is_installed():
        reason = "no engine is installed"
    else:
        return chosen
    resolution.origins["history_store"] = Origin(f"default, as {reason}", DEFAULT_FILES)
    return DEFAULT_FILES


def _engine_is_installed() -> bool:
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in ("chdb", "clickhouse_connect"))


def users(resolution: Resolution, chosen: str) -> str:
    """Return how users are stored: a hash needs a key."""
    if chosen == "hashed" and not resolution.values["history_user_key"]:
        resolution.problems.append(
            "ARGUS_HISTORY_USERS is 'hashed', but ARGUS_HISTORY_USER_KEY is not set: set it to a long random text, and "
            "keep it; using 'off' instead"
        )
        return "off"
    return chosen
