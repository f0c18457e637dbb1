"""URLs: from what people write to what a request sends, or refused."""

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import idna

from umbel_core.errors import Rejected
from umbel_core.input_types import MAX_URL_LENGTH

_LONGEST_HOST = 253
"""Characters of a name in the DNS. Names of hosts are keys in the ledger, which may not be of any length."""
_NEVER = re.compile(r"[\x00-\x1f\x7f\\]|^\s|\s$")
"""URL parsers disagree about these characters, and an attacker can use the difference."""
_NOT_IN_A_HOST = re.compile(r"[\x00-\x20\x7f#%/:<>?@\[\\\]^|]")
"""Characters that a domain never has. Others may turn into them: the full-width `＠` becomes `@`."""
_LONGEST_LABEL = 63
_KEPT = "!$%&'()*+,/:;=?@[]"


def canonical(url: str) -> str:
    """Return the URL in ASCII: host in lower case and Punycode, the rest percent-encoded, without fragment.

    Its text does not say whether it may be fetched: the fetcher checks the IP address that the socket connects to.
    """
    if len(url) > MAX_URL_LENGTH:
        raise _invalid(f"is longer than {MAX_URL_LENGTH} characters")
    if _NEVER.search(url):
        raise _invalid("has white space around it, a control character or a backslash")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if not host.isascii():
            host = _in_ascii(host)
        path, query = quote(parts.path, safe=_KEPT), quote(parts.query, safe=_KEPT)
    except ValueError as error:
        raise _invalid("cannot be read") from error
    if parts.scheme not in ("http", "https"):
        raise _invalid("is neither http nor https")
    if not host:
        raise _invalid("has no host")
    if len(host) > _LONGEST_HOST:
        raise _invalid(f"has a host of more than {_LONGEST_HOST} characters")
    if "@" in parts.netloc:
        raise _invalid("has a user name in it")
    place = f"[{host}]" if parts.netloc.startswith("[") else host
    return urlunsplit((parts.scheme, place if port is None else f"{place}:{port}", path or "/", query, ""))


def _in_ascii(host: str) -> str:
    """Return a domain as browsers send it: mapped by UTS 46, its labels beyond ASCII in Punycode; raise `ValueError`.

    IDNA 2008, which `idna.encode` follows, refuses emoji and underscores.
    """
    labels = idna.uts46_remap(host, std3_rules=False, transitional=False).split(".")
    found = ".".join(label if label.isascii() else _punycode(label) for label in labels)
    if _NOT_IN_A_HOST.search(found):
        raise ValueError(host)
    return found


def _punycode(label: str) -> str:
    idna.check_initial_combiner(label)
    idna.check_bidi(label)
    if not all(idna.valid_contextj(label, at) for at, sign in enumerate(label) if sign in "\u200c\u200d"):
        raise ValueError(label)
    encoded = f"xn--{label.encode('punycode').decode()}"
    if len(encoded) > _LONGEST_LABEL:
        raise ValueError(label)
    return encoded


def redirected(url: str, location: str) -> str:
    """Return the URL to which an answer of `url` redirects."""
    try:
        return canonical(urljoin(url, location.strip()))
    except (Rejected, ValueError) as error:
        raise Rejected("bad_answer", f"{host_of(url)} redirects to something that is not a URL.") from error


def host_of(url: str) -> str:
    """Return the host of a canonical URL, for sentences."""
    return urlsplit(url).hostname or ""


def place_of(url: str) -> str:
    """Return host and port of a canonical URL."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _invalid(reason: str) -> Rejected:
    return Rejected("invalid_url", f"The URL {reason}.")
