"""What may be shown of a value that may have a password or a token in it: of one that cannot be read, nothing."""

from __future__ import annotations

import logging
import re
from urllib.parse import urlsplit

_UNREADABLE = "(not a URL, and so not shown)"

# The logger that quotes a header which it cannot read.
_LOGGER = "opentelemetry.util.re"

# A name, =, and a value of printable letters, as parse_env_headers(…, liberal=True) of opentelemetry-api has it.
_HEADER = (
    r"[ \t]*[\x21\x23-\x27\x2a\x2b\x2d\x2e\x30-\x39\x41-\x5a\x5e-\x7a\x7c\x7e]+[ \t]*="
    r"[ \t]*[\x20\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*[ \t]*"
)


def location(url: str) -> str:
    """Return scheme, host and port of a URL. Everything else of it may be a password, or part of one."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return _UNREADABLE
    if not parts.hostname or "@" in url.rpartition(parts.netloc)[2]:
        return _UNREADABLE
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}" if parts.scheme else f"{host}{port}"


def are_headers(text: str) -> bool:
    """Whether all of a variable such as ``OTEL_EXPORTER_OTLP_HEADERS`` will be sent: names and values, by commas."""
    return all(not entry.strip() or re.fullmatch(_HEADER, entry.strip()) for entry in re.split(r"[ \t]*,[ \t]*", text))


class _WithoutValues(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.args = ("(not shown)",)
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)


def quieten_headers() -> None:
    """Keep OpenTelemetry from printing a header that it cannot parse; the settings report it without its value."""
    logger = logging.getLogger(_LOGGER)
    if not any(isinstance(known, _WithoutValues) for known in logger.filters):
        logger.addFilter(_WithoutValues())
