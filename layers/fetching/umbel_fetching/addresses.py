"""Decide which IP addresses a fetch may connect to: the public internet, and what a deployment's setting allows."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

WEB_PORTS = (80, 443)

_NOT_PUBLIC = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT; Alibaba's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own services
        "169.254.0.0/16",  # link-local; the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # Oracle's metadata
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
"""All public IPv6 addresses so far. Mapped, translated (NAT64), local and multicast addresses are outside."""
_NOT_PUBLIC_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is on the public internet; `ipaddress.is_global` would accept multicast and NAT64."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC)
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


class Allowed(msgspec.Struct, frozen=True):
    """Networks and ports that fetches may reach besides ports 80 and 443 of the public internet; none by default."""

    destinations: tuple[tuple[IPv4Network | IPv6Network, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Allowed":
        """Read `127.0.0.1:8123, 10.1.0.0/16:443, [fd00::/8]:80`: addresses or networks, each with its port.

        Host names are not allowed, because the owner of a DNS zone can change the address of a name.
        """
        return cls(tuple(_destination(part) for part in text.replace(",", " ").split()))

    def permits(self, host: str, port: int) -> bool:
        """Return whether a socket may connect to this IP address (not a name) and port."""
        try:
            address = ip_address(host)
        except ValueError:
            return False
        if port in WEB_PORTS and is_public(address):
            return True
        return any(port == allowed_port and address in network for network, allowed_port in self.destinations)


def _destination(text: str) -> tuple[IPv4Network | IPv6Network, int]:
    network, _, port = text.rpartition(":")
    plain = network[1:-1] if network.startswith("[") and network.endswith("]") else network
    try:
        destination = ip_network(plain), int(port)
        valid = (plain != network) == isinstance(destination[0], IPv6Network) and 0 < destination[1] < 65536
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"'{text}' is not an address or network with a port, such as 10.1.0.0/16:443 or [fd00::/8]:80")
    return destination
