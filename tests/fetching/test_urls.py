"""Domains in any script are sent as browsers send them; what is no domain is refused."""

import pytest

from umbel_core.errors import Rejected
from umbel_fetching.urls import canonical


@pytest.mark.parametrize(
    ("host", "sent"),
    [
        ("☃.net", "xn--n3h.net"),
        ("🦄.example", "xn--3s9h.example"),
        ("i❤️.ws", "xn--i-7iq.ws"),
        ("faß.de", "xn--fa-hia.de"),
        ("FAẞ.de", "xn--fa-hia.de"),
        ("Bücher.example.", "xn--bcher-kva.example."),
        ("_x.bücher.de", "_x.xn--bcher-kva.de"),
        ("a_b.example", "a_b.example"),
        ("example.org.", "example.org."),
        ("xn--n3h.net", "xn--n3h.net"),
        ("XN--N3H.net", "xn--n3h.net"),
        ("日本語。ＪＰ", "xn--wgv71a119e.jp"),
        ("א.com", "xn--4db.com"),
        ("र्‍र.com", "xn--t2ba0g222i.com"),
        ("bü\u00adcher.de", "xn--bcher-kva.de"),
        ("①②⑦.⓪.⓪.①", "127.0.0.1"),
    ],
)
def test_a_domain_is_sent_in_ascii(host: str, sent: str) -> None:
    assert canonical(f"http://{host}/") == f"http://{sent}/"
    assert canonical(f"http://{host}:8080") == f"http://{sent}:8080/"


@pytest.mark.parametrize(
    "host",
    ["a＠b.com", "ａ％4e.com", "ü：80.de", "ü／x.de", "ü\u3000x.de", "\u00ad", "\u0301a.com", "ü\u200db.com", "אa.com",
     "ü" * 60 + ".de", "👩\u200d💻.ws", "ü\ufffd.de", "ü^.de", "ü|.de", "ü<.de"],
)  # fmt: skip
def test_what_is_no_domain_is_refused(host: str) -> None:
    with pytest.raises(Rejected) as refusal:
        canonical(f"http://{host}/")
    assert refusal.value.code == "invalid_url"
