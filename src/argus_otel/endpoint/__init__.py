"""`/metrics`, `/healthz`, `/readyz` and `/status`, served on a thread of their own.

On a thread, and not on the bot's event loop: a blocked loop is what `/healthz` is there to tell of.
"""

from .endpoint import Endpoint

__all__ = ["Endpoint"]
