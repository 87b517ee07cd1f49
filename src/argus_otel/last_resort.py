"""Makes our warnings seen where the bot has not set up logging.

Python prints warnings of a logger that has no handler. But an OpenTelemetry handler on the root logger, which another
distro may put there, counts as one, and then a warning is only exported, to the very place, it may be, that does not
take it.
"""

from __future__ import annotations

import logging
import sys


class LastResort(logging.Handler):
    """Prints a record to stderr, unless another handler will show it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message, if nobody else does."""
        if not self._shown_elsewhere():
            print(self.format(record), file=sys.stderr)  # noqa: T201 - this is what it is for

    def _shown_elsewhere(self) -> bool:
        logger: logging.Logger | None = logging.getLogger("argus_otel")
        while logger is not None:
            for handler in logger.handlers:
                if handler is not self and not type(handler).__module__.startswith("opentelemetry."):
                    return True
            logger = logger.parent if logger.propagate else None
        return False


def install() -> None:
    """Put the handler on our logger, once."""
    logger = logging.getLogger("argus_otel")
    if not any(isinstance(handler, LastResort) for handler in logger.handlers):
        logger.addHandler(LastResort())
