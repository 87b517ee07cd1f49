"""One call to a heartbeat check of an agent, made again while the agent cannot be reached."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request

from .endpoint_access import OPENER

_LONGEST_PAUSE = 30.0


def deliver(url: str, token: str, what: str, timeout: float, retries: int) -> str:
    """Call a heartbeat; return why the agent has not accepted it, or an empty text. Blocks.

    The reason quotes neither the URL nor the token.

    Parameters
    ----------
    url:
        The heartbeat's, such as ``http://agent:9464/heartbeat/nightly``.
    what:
        ``start``, ``fail``, or an empty text for a job that is done.
    timeout:
        How long each attempt may take, in seconds.
    retries:
        How many more attempts are made, 1, 2, 4, … and at most 30 seconds apart.
    """
    address = f"{url.rstrip('/')}/{what}" if what else url.rstrip("/")
    request = urllib.request.Request(address, b"", method="POST")  # noqa: S310 - callers accept http and https only
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    problem = ""
    for attempt in range(retries + 1):
        if attempt:
            time.sleep(min(2 ** (attempt - 1), _LONGEST_PAUSE))
        problem, final = _call(request, timeout)
        if final:
            break
    return problem


def _call(request: urllib.request.Request, timeout: float) -> tuple[str, bool]:
    """Make one call; return why it was not accepted, or nothing, and whether another one would end the same."""
    try:
        with OPENER.open(request, timeout=timeout):
            return "", True
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 404:
            return "the agent has no such heartbeat, or the token is wrong (404)", True
        return f"the agent answered {error.code}", 300 <= error.code < 500 and error.code not in (408, 429)
    except urllib.error.URLError as error:
        return f"the agent cannot be reached: {getattr(error.reason, 'strerror', None) or error.reason}", False
    except http.client.HTTPException as error:
        return f"the answer is not HTTP: {type(error).__name__}", False
    except OSError as error:
        return f"the agent does not answer: {error.strerror or error}", False
    except UnicodeError:
        return "the URL has no host that DNS allows", True
