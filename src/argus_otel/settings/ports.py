"""The ports of the endpoint: one, a range of which the first free one is used, or any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .setting import Origin

if TYPE_CHECKING:
    from .resolution import Resolution

_LAST = 65535


class Ports:
    """Ports to try in turn. Immutable.

    Attributes
    ----------
    first, last:
        The bounds, which may be equal. 0 is any port that is free.
    """

    __slots__ = ("first", "last")

    def __init__(self, first: int, last: int | None = None) -> None:
        self.first = first
        self.last = first if last is None else last

    @classmethod
    def parse(cls, text: str) -> Ports:
        """Read ``9464`` or ``9464-9479``.

        Raises
        ------
        ValueError
            It is neither, or a port is above 65535, or the range is empty or begins with 0.
        """
        first, dash, last = text.partition("-")
        ports = cls(int(first), int(last) if dash else None)
        if not 0 <= ports.first <= ports.last <= _LAST or (dash and ports.first == 0):
            raise ValueError(text)
        return ports

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ports):
            return NotImplemented
        return (self.first, self.last) == (other.first, other.last)

    def __hash__(self) -> int:
        return hash((self.first, self.last))

    def __repr__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


DEFAULT_PORTS = Ports(9464, 9479)
DEFAULT_PORT = DEFAULT_PORTS.first

_PANEL = Ports(-1)


def parse_ports(text: str) -> Ports:
    """Read one port, a range, or ``panel``."""
    return _PANEL if text.lower() == "panel" else Ports.parse(text)


def of_the_panel(resolution: Resolution, ports: Ports) -> Ports:
    """Replace ``panel`` by the port, and the default host by the address, that the hosting panel names."""
    if ports is not _PANEL:
        return ports
    for variable in ("SERVER_PORT", "PORT"):
        text = resolution.variable(variable)
        if not text.isdecimal() or not 0 < int(text) <= _LAST:
            continue
        if resolution.origins["endpoint_host"].source == "default":
            address = resolution.variable("SERVER_IP") if variable == "SERVER_PORT" else ""
            resolution.values["endpoint_host"] = host = address or "0.0.0.0"  # noqa: S104 - its router has to reach it
            resolution.origins["endpoint_host"] = Origin("SERVER_IP" if address else f"default with {variable}", host)
        resolution.origins["endpoint_port"] = Origin(variable, text)
        return Ports(int(text))
    resolution.problems.append(
        "ARGUS_ENDPOINT_PORT is 'panel', but neither SERVER_PORT nor PORT is set to a port here; "
        f"using {DEFAULT_PORTS} instead"
    )
    resolution.origins["endpoint_port"] = Origin("default", str(DEFAULT_PORTS))
    return DEFAULT_PORTS
