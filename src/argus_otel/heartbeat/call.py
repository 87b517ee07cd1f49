"""Makes one call by urllib: through the proxies of the environment, with verified TLS, on a new connection."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from argus_otel.telemetry import Scope
from argus_otel.version import __version__

_TIMEOUT = 10.0
_MOST_REDIRECTS = 3


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects, and none from TLS to a plain connection, where the URL could be read."""

    max_redirections = _MOST_REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if req.type == "https" and not newurl.startswith("https:"):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def call(url: str, suppress: Callable[[], Scope] | None) -> str:
    """Request ``url``; return why that failed, or an empty text. The reason never quotes the URL, which is secret.

    Parameters
    ----------
    suppress:
        Returns a scope in which HTTP client instrumentations record nothing: their spans would hold the URL.
    """
    scope = suppress() if suppress is not None else None
    if scope is not None:
        scope.attach()
    try:
        request = urllib.request.Request(url, headers={"User-Agent": f"argus-otel/{__version__}"})  # noqa: S310
        with _opener().open(request, timeout=_TIMEOUT):  # the scheme is checked when the setting is read
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return _status(error.code)
    except urllib.error.URLError as error:
        return _reason(error.reason)
    except OSError as error:
        return _reason(error)
    except (http.client.HTTPException, ValueError) as error:
        return f"no HTTP response ({type(error).__name__})"
    finally:
        if scope is not None:
            scope.detach()


def _opener() -> urllib.request.OpenerDirector:
    # Not `build_opener`, which also opens files and FTP after a redirect.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


def _status(code: int) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= code < HTTPStatus.BAD_REQUEST:
        return f"it redirects with {code} more often than {_MOST_REDIRECTS} times, or to a place without TLS"
    return f"the monitor answers {code}"


def _reason(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT:g} s"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return type(error).__name__
