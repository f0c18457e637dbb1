"""Which addresses a fetch may connect to: the public internet, and what a deployment allows by name."""

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
        "169.254.0.0/16",  # link-local; everybody else's metadata
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
"""All that was ever given out. Mapped, translated (NAT64), local and multicast addresses lie outside."""
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
    """True for an address of the public internet; `ipaddress.is_global` lets multicast and NAT64 through."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC)
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


class Allowed(msgspec.Struct, frozen=True):
    """What a deployment's fetches may reach besides ports 80 and 443 of the public internet; by default nothing."""

    places: tuple[tuple[IPv4Network | IPv6Network, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Allowed":
        """Read `127.0.0.1:8123, 10.1.0.0/16:443, [fd00::/8]:80`: addresses or networks, each with its port.

        Names of hosts are not taken: what a name leads to is up to whoever runs its zone.
        """
        return cls(tuple(_place(place) for place in text.replace(",", " ").split()))

    def permits(self, host: str, port: int) -> bool:
        """True when a socket may connect to this address, given in numbers."""
        try:
            address = ip_address(host)
        except ValueError:
            return False
        if port in WEB_PORTS and is_public(address):
            return True
        return any(port == its_port and address in network for network, its_port in self.places)


def _place(text: str) -> tuple[IPv4Network | IPv6Network, int]:
    network, _, port = text.rpartition(":")
    bare = network[1:-1] if network.startswith("[") and network.endswith("]") else network
    try:
        place = ip_network(bare), int(port)
        fits = (bare != network) == isinstance(place[0], IPv6Network) and 0 < place[1] < 65536
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"'{text}' is not an address or network with a port, as 10.1.0.0/16:443 and [fd00::/8]:80 are")
    return place
