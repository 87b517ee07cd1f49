"""Which addresses a check may connect to. The file is trusted; what a name server or a redirect says is not."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TypeAlias

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

_METADATA = frozenset(
    ipaddress.ip_address(each)
    for each in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "fd20:ce::254")
)
"""Of cloud hosts, whose answers are credentials: AWS, Google, Alibaba, Azure."""

_SHARED = ipaddress.ip_network("100.64.0.0/10")  # RFC 6598: between a provider and its customers


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be connected to.

    Attributes
    ----------
    private:
        Private networks, and this host: the usual place of what is checked.
    link_local:
        Addresses of the local link, among them the metadata services of cloud hosts.
    """

    private: bool = True
    link_local: bool = False

    def refusal(self, address: Address) -> str | None:
        """Return why an address is not allowed, or ``None`` if it is. An IPv4 address within IPv6 counts as itself."""
        if isinstance(address, ipaddress.IPv6Address):
            address = address.ipv4_mapped or address.sixtofour or address
        if address in _METADATA or address.is_link_local:
            return None if self.link_local else "is of the local link, or a metadata service (allow: link_local)"
        if address.is_multicast or address.is_unspecified:
            return "is no address of one host"
        if address.is_private or address.is_loopback or address in _SHARED:
            return None if self.private else "is private (allow: private)"
        return None
