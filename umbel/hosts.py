"""The names under which browsers on other machines reach the local engine, and what follows from them."""

import ipaddress
import re
import socket
from collections.abc import Sequence

from umbel.errors import UmbelError

_ENTRY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_ANYWHERE = "0.0.0.0"  # noqa: S104 - asked for by name, or by naming a host of other machines


def read(text: str) -> tuple[str, ...]:
    """Read `devbox,192.168.1.5:8080`: names or addresses, each with the port that browsers use if it is another."""
    hosts = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for host in hosts:
        found = _ENTRY.fullmatch(host)
        if found is None or int((found[3] or ":1")[1:]) not in range(1, 65536):
            raise UmbelError(
                f"'{host}' is not a host: name it as browsers do, devbox or 192.168.1.5 (--host, UMBEL_HOST)"
            )
    return hosts


def named(hosts: Sequence[str]) -> list[str]:
    """The hosts that a browser may name; 0.0.0.0 only says where to listen."""
    return [host for host in hosts if host != _ANYWHERE]


def public(hosts: Sequence[str], port: int) -> str | None:
    """The address that links and the page have: that of the first host. None when there is none: the engine's own."""
    host = next(iter(named(hosts)), None)
    if host is None:
        return None
    return f"http://{host}" if re.search(r":\d+$", host) else f"http://{host}:{port}"


def listening(hosts: Sequence[str]) -> list[str]:
    """The addresses to listen on besides 127.0.0.1, where the functions go.

    An address of this machine's is listened on itself. A name, or an address that only leads here (a container's
    host has it), could come in anywhere.
    """
    addresses: list[str] = []
    for host in hosts:
        name = re.sub(r":\d+$", "", host)
        try:
            address = ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            if name != "localhost" and not name.endswith(".localhost"):
                return [_ANYWHERE]
            continue
        if address.is_loopback and address.version == 4:
            continue
        if host == _ANYWHERE or not _is_of_this_machine(address):
            return [_ANYWHERE]
        addresses.append(name)
    return addresses


def _is_of_this_machine(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
