"""A page's title is decoded with the right charset, and a hostile page cannot make that slow."""

import time

import pytest
from w3lib.encoding import resolve_encoding

from tests.fetching.server import JAPANESE, POLISH, RUSSIAN, Site
from umbel_fetching.addresses import Allowed
from umbel_fetching.fetcher import FetchedPage, fetch
from umbel_fetching.title import title


def page(body: str | bytes, content_type: str = "text/html", charset: str | None = None) -> FetchedPage:
    """Return a page that was not fetched."""
    raw = body.encode() if isinstance(body, str) else body
    return FetchedPage(
        url="http://x.invalid/",
        status=200,
        content_type=content_type,
        charset=resolve_encoding(charset) if charset else None,
        body=raw,
        truncated=False,
        took_ms=1,
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/good", "A good page"),
        ("/polish-header", POLISH),
        ("/russian-meta", RUSSIAN),
        ("/japanese-meta", JAPANESE),
        ("/latin", "“Café” – 5 €"),
        ("/unsaid", POLISH),
        ("/header-over-meta", POLISH),
        ("/unknown-charset", "plain"),
        ("/missing", "Not here"),
        ("/binary", None),
        ("/empty", None),
        ("/nothing", None),
    ],
)
def test_a_title_is_decoded_with_the_pages_own_charset(
    path: str, expected: str | None, site: Site, allowed: Allowed
) -> None:
    assert title(fetch(site.url(path), allowed=allowed)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<title>a &amp; b &lt;c&gt;</title>", "a & b <c>"),
        ("<TITLE lang=en>upper</TITLE>", "upper"),
        ("<title> \n\t much \u00a0 room\r\n </title>", "much room"),
        ("<title>first</title><title>second</title>", "first"),
        ("<title></title>", None),
        ("<title> </title>", None),
        ("<p>no title</p>", None),
        ("<body><svg><title>drawing</title></svg></body>", None),
        ("<script>'<title>script</title>'</script><title>real</title>", "real"),
        ("<!-- <title>comment</title> --><title>real</title>", "real"),
        ("<title>never closed", "never closed"),
        ("<title><b>bold</b></title>", "<b>bold</b>"),
        ("<title>bell\x07 escape\x1b[31m\u009b</title>", "bell escape [31m"),
        ("<title>" + "a" * 400 + "</title>", "a" * 300),
        ("<!--" + "x" * 70_000 + "--><title>too late</title>", None),
    ],
)
def test_a_title_is_one_line_of_the_head(body: str, expected: str | None) -> None:
    assert title(page(body)) == expected


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"], ids=["a mark of UTF-8", "a mark of UTF-16"])
def test_a_byte_order_mark_beats_the_header(mark: str) -> None:
    assert title(page(f"<title>{POLISH}</title>".encode(mark), charset="windows-1251")) == POLISH


@pytest.mark.parametrize("charset", ["punycode", "idna", "base64", "unicode_escape", "utf-7", "undefined", "x" * 40])
def test_a_charset_that_no_browser_knows_is_not_tried(charset: str) -> None:
    assert title(page("<title>caf\\u00e9 +AGE-</title>", charset=charset)) == "caf\\u00e9 +AGE-"


def test_a_meta_element_that_contradicts_itself_is_not_believed() -> None:
    assert title(page('<meta charset="utf-16"><title>plain</title>')) == "plain"


@pytest.mark.parametrize("kind", ["image/png", "text/plain", "application/json", "application/pdf"])
def test_what_is_no_html_has_no_title(kind: str) -> None:
    assert title(page("<title>x</title>", content_type=kind)) is None


@pytest.mark.parametrize(
    "piece",
    ["<title", "<title>", "<title ", "<b>", "<div>", "<table>", "<svg>", "<a><p>", "<!--", "<![CDATA[", "&", "&#x", "<",
     "</title>", "<title a='", "<b><i><p>", "<template>", "<meta ", "<meta charset=", "<select>", "\0", "<math><mi>"],
)  # fmt: skip
def test_a_hostile_page_takes_no_time(piece: str) -> None:
    hostile = page(piece * (256 * 1024 // len(piece)))
    start = time.process_time()
    title(hostile)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("charset", ["utf-8", "iso-2022-jp", "gb18030", "big5", "euc-jp", "utf-16"])
def test_noise_in_any_charset_has_no_title_and_takes_no_time(charset: str) -> None:
    start = time.process_time()
    assert title(page(bytes(range(1, 256)) * 1000, charset=charset)) is None
    assert time.process_time() - start < 0.5
