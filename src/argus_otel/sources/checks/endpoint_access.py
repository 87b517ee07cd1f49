"""What calls the endpoint of another process: which URLs are accepted, and how they are opened."""

from __future__ import annotations

import urllib.request
from urllib.parse import urlsplit


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would carry the token elsewhere."""

    def redirect_request(self, req: object, fp: object, code: int, msg: str, headers: object, newurl: str) -> None:
        """Refuse."""


OPENER = urllib.request.build_opener(_NoRedirect)
"""Opens URLs of an endpoint, through the proxies of the environment."""


def is_endpoint_url(text: str) -> bool:
    """Whether a text is an HTTP URL without user, query and fragment."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:  # of brackets, or of the port
        return False
    valid = text.isascii() and text.isprintable() and " " not in text and port != 0
    bare = not (url.query or url.fragment or "@" in url.netloc)
    return valid and bare and url.scheme in ("http", "https") and bool(url.hostname)


def is_token(text: str) -> bool:
    """Whether a text can be a bearer token."""
    return bool(text) and text.isascii() and text.isprintable()
