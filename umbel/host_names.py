"""Parse the host names that browsers on other machines use for the local engine; derive its URL and IP addresses."""

import ipaddress
import re
import socket
from collections.abc import Sequence

from umbel.errors import UmbelError

_ENTRY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - only used when UMBEL_HOST asks for it


def parse(text: str) -> tuple[str, ...]:
    """Parse `devbox,192.168.1.5:8080`: names or IP addresses, each with the port that browsers use if it differs."""
    hosts = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for host in hosts:
        found = _ENTRY.fullmatch(host)
        if found is None or int((found[3] or ":1")[1:]) not in range(1, 65536):
            raise UmbelError(f"'{host}' is not a host: give it as in a URL, devbox or 192.168.1.5 (--host, UMBEL_HOST)")
    return hosts


def browser_names(hosts: Sequence[str]) -> list[str]:
    """Return the hosts that a browser may name in a URL. 0.0.0.0 is none: it only says where to listen."""
    return [host for host in hosts if host != _ALL_ADDRESSES]


def public_url(hosts: Sequence[str], port: int) -> str | None:
    """Return the base URL of links and of the page: that of the first host; None (the engine's own) without hosts."""
    host = next(iter(browser_names(hosts)), None)
    if host is None:
        return None
    return f"http://{host}" if re.search(r":\d+$", host) else f"http://{host}:{port}"


def listen_addresses(hosts: Sequence[str]) -> list[str]:
    """Return the IP addresses to listen on besides 127.0.0.1, which the functions use.

    An IP address of this machine is listened on itself. For a name, or for an IP address that is forwarded to this
    machine (such as that of a container's host), requests can arrive on any address: so all are listened on.
    """
    addresses: list[str] = []
    for host in hosts:
        name = re.sub(r":\d+$", "", host)
        try:
            address = ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            if name != "localhost" and not name.endswith(".localhost"):
                return [_ALL_ADDRESSES]
            continue
        if address.is_loopback and address.version == 4:
            continue
        if host == _ALL_ADDRESSES or not _is_of_this_machine(address):
            return [_ALL_ADDRESSES]
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
