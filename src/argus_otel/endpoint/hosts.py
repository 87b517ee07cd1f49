"""Which hosts an endpoint without a token answers to.

A page of the web may have its own name resolve to this machine (DNS rebinding). Its requests then go to the endpoint,
and its scripts read the answers, since to the browser they come from where the page does. They bear the page's name in
``Host``, which no script can change. So only what no page can be called is answered.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

_HOST = re.compile(r"(?:\[([^\[\]]+)\]|([a-z0-9_.-]+))(?::[0-9]{1,5})?")


class Hosts:
    """The names that are answered to, beside ``localhost``, what ends in ``.localhost``, and every IP address.

    Parameters
    ----------
    names:
        Without ports, in any case.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {"localhost", *map(str.lower, names)}

    def admit(self, host: str | None) -> bool:
        """Whether a request for ``host``, with or without a port, is answered.

        Parameters
        ----------
        host:
            The ``Host`` header; ``None`` where there is none, as only a client that is no browser has it.
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
