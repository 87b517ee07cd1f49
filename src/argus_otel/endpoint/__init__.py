"""`/metrics`, `/healthz`, `/readyz` and `/status`, served on a thread of their own.

On a thread, and not on the program's event loop: `/healthz` has to answer while the loop is blocked.
"""

from .endpoint import Endpoint

__all__ = ["Endpoint"]
