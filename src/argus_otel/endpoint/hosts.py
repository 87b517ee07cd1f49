"""The hosts that an endpoint without a token serves.

A web page's own name may resolve to this machine (DNS rebinding). Its requests then go to the endpoint, and its
scripts may read the responses, which have the same origin for the browser. Such requests have the page's name in
``Host``, which no script can change. So only hosts that cannot be a web page's name are served.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

_HOST = re.compile(r"(?:\[([^\[\]]+)\]|([a-z0-9_.-]+))(?::[0-9]{1,5})?")


class Hosts:
    """The hosts that are served beside ``localhost``, names that end in ``.localhost``, and IP addresses.

    Parameters
    ----------
    names:
        Without ports, in any case.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {"localhost", *map(str.lower, names)}

    def admit(self, host: str | None) -> bool:
        """Whether a request for ``host``, with or without a port, is served.

        Parameters
        ----------
        host:
            The ``Host`` header; ``None`` if there is none, which no browser sends.
        """
        if host is None:
            return True
        parts = _HOST.fullmatch(host.strip().lower())
        if parts is None:
            return False
        six, name = parts.groups()
        if six is not None:
            return _is_address(six, ipaddress.IPv6Address)
        if _is_address(name, ipaddress.IPv4Address):
            return True
        name = name.removesuffix(".")
        return name in self._names or name.endswith(".localhost")


def _is_address(text: str, kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True
