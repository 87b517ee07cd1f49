"""Shows our own messages if the bot's logging would not, without ever stopping the bot.

Python prints warnings of a logger that has no handler. But an OpenTelemetry handler on the root logger, which another
distro may put there, counts as one, and then a warning is only exported, perhaps to the very endpoint that refuses it.
And ``logging.config.dictConfig()`` by default disables every existing logger.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress


def show(line: str) -> None:
    """Write a line to standard error, if there is one and it takes the line.

    There is none if the file descriptor is closed, or on Windows without a console; ``print`` would then write to
    standard output, which is the bot's. A line that a full disk or a closed pipe does not take is dropped.
    """
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison] - the type stubs leave that out
        with suppress(OSError, ValueError):
            print(line, file=sys.stderr)  # noqa: T201 - logging is not set up this early in a bot


class LastResort(logging.Handler):
    """Prints a record to stderr, unless another handler will show it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message, if no other handler does."""
        if not self._shown_elsewhere():
            show(self.format(record))

    def _shown_elsewhere(self) -> bool:
        logger: logging.Logger | None = logging.getLogger("argus_otel")
        while logger is not None:
            for handler in logger.handlers:
                if handler is not self and not type(handler).__module__.startswith("opentelemetry."):
                    return True
            logger = logger.parent if logger.propagate else None
        return False


class _EnabledLogger(logging.Logger):
    """A logger that ``dictConfig()`` does not disable. ``setLevel()`` silences it."""

    def __setattr__(self, name: str, value: object) -> None:
        if name != "disabled":
            super().__setattr__(name, value)


def install() -> None:
    """Put the handler on our logger, once, and keep the logger enabled."""
    logger = logging.getLogger("argus_otel")
    if type(logger) is logging.Logger:  # not one of a class that the program has set
        logger.__class__ = _EnabledLogger
    if not any(isinstance(handler, LastResort) for handler in logger.handlers):
        logger.addHandler(LastResort())
