"""A page's title is decoded with the right charset, and a hostile page cannot make that slow."""

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.fetching.server import JAPANESE, POLISH, RUSSIAN, Site
from umbel_fetching.addresses import Allowed
from umbel_fetching.charsets import encoding_of, name_of
from umbel_fetching.fetcher import FetchedPage, fetch
from umbel_fetching.title import title


def page(body: str | bytes, content_type: str = "text/html", charset: str | None = None) -> FetchedPage:
    """Return a page that was not fetched."""
    raw = body.encode() if isinstance(body, str) else body
    return FetchedPage(
        url="http://x.invalid/",
        status=200,
        content_type=content_type,
        charset=name_of(charset),
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
        ("<!--" + "x" * 200_000 + "--><title>late</title>", "late"),
        ("<body><p>text<title>in the body</title>", "in the body"),
        ("<table><title>in a table</title>", "in a table"),
        ("<noscript><title>without scripts</title></noscript><title>real</title>", "real"),
        ("<template><title>template</title></template><title>real</title>", "real"),
        ("<template><svg></template><title>real</title>", "real"),
        ("<textarea><title>text</title></textarea><title>real</title>", "real"),
        ("<a href='<title>attribute</title>'></a><title>real</title>", "real"),
        ("<svg><g><title>drawing</title></g></svg><title>real</title>", "real"),
        ("<svg><path d=x/><title>drawing</title></svg><title>real</title>", "real"),
        ("<svg/><title>real</title>", "real"),
        ("<svg><p><title>real</title>", "real"),
        ("<svg><foreignObject><title>of HTML</title></foreignObject></svg>", "of HTML"),
        ("<svg><![CDATA[<p><title>data</title>]]></svg><title>real</title>", "real"),
        ("<math><mi><title>of HTML</title></mi></math>", "of HTML"),
        ("<math><mfrac><title>formula</title></mfrac></math><title>real</title>", "real"),
        ("<math><annotation-xml encoding=text/html><title>of HTML</title></annotation-xml></math>", "of HTML"),
        ("<script><!--<script></script><title>script</title>--></script><title>real</title>", "real"),
        ("<script><!--></script><title>real</title>", "real"),
        ("<plaintext><title>text</title>", None),
        ("<title>a\0b &#0; &notin; &ampx &#x80; &AMP</title>", "a\ufffdb \ufffd ∉ &x € &"),
        ("<title>not </titlex> but </title >closed", "not </titlex> but"),
        ("<title", None),
        ("<p title='<title>never closed</title>", None),
    ],
)
def test_a_title_is_one_line_of_the_first_title_element(body: str, expected: str | None) -> None:
    assert title(page(body)) == expected


STANDARD = json.loads((Path(__file__).parent / "html5lib.json").read_text())
"""Documents of the html5lib project with the title and the encoding that browsers find."""


@pytest.mark.parametrize("document", STANDARD["titles"], ids=lambda document: document["html"][:60])
def test_titles_are_found_as_browsers_find_them(document: dict[str, Any]) -> None:
    assert title(page(document["html"], charset="utf-8")) == document["title"]


# Without the page whose declaration a script puts together: browsers run it, we do not.
READABLE = [document for document in STANDARD["encodings"] if "' + '" not in document["html"]]


@pytest.mark.parametrize("document", READABLE, ids=lambda document: document["html"][:60])
def test_encodings_are_found_as_browsers_find_them(document: dict[str, Any]) -> None:
    # Without a character beyond ASCII, UTF-8 and windows-1252 are the same.
    body = document["html"].encode("latin-1") + b"\xb1"
    assert encoding_of(body, None) == document["encoding"]


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("<?xml version='1.0' encoding='iso-8859-2'?>", "iso-8859-2"),
        ('<?xml encoding = "koi8-r" ?>', "koi8-r"),
        ("<?xml version='1.0' encoding='utf-16'?>", "utf-8"),
        ("<?xml version='1.0'?><a encoding='iso-8859-2'>", "windows-1252"),
        ("<?xml version='1.0' encoding='iso-8859-2'?><meta charset=koi8-r>", "koi8-r"),
        ("<!-- <meta charset=koi8-r> -->", "windows-1252"),
        ("<!--><meta charset=koi8-r>", "koi8-r"),
        ("<meta name=description content='text/html; charset=koi8-r'>", "windows-1252"),
        ("<meta data-charset=koi8-r>", "windows-1252"),
        ("<p data-x='<meta charset=koi8-r>'>", "windows-1252"),
        ("<meta charset=utf-16le>", "utf-8"),
        ("<meta charset=x-user-defined>", "windows-1252"),
        ("<meta charset=hz-gb-2312>", "replacement"),
        ("<meta charset=x-sjis>", "shift_jis"),
        ("<meta charset=ks_c_5601-1987>", "euc-kr"),
    ],
)
def test_a_page_declares_its_encoding_in_its_xml_declaration_or_in_a_meta_element_for_it(
    head: str, encoding: str
) -> None:
    assert encoding_of(head.encode() + b"\xb1", None) == encoding


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (POLISH.encode(), "utf-8"),
        (POLISH.encode()[:-1], "utf-8"),
        ("Café".encode("cp1252"), "windows-1252"),
        (b"", "windows-1252"),
    ],
)
def test_an_encoding_that_nothing_declares_is_utf_8_if_the_bytes_are(body: bytes, encoding: str) -> None:
    assert encoding_of(body, None) == encoding


def test_the_header_beats_the_page_and_a_label_that_browsers_do_not_know_is_ignored() -> None:
    assert encoding_of(b"<meta charset=koi8-r>", "iso-8859-2") == "iso-8859-2"
    assert encoding_of(b"<meta charset=koi8-r>", "klingon") == "koi8-r"


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
     "</title>", "<title a='", "<b><i><p>", "<template>", "<meta ", "<meta charset=", "<select>", "\0", "<math><mi>",
     "<script>", "<!--<script>", "<style", "<svg><g><![CDATA[", "<svg><desc>", "<svg></x>", "<a b=", "<a\n",
     "charset<meta>"],
)  # fmt: skip
def test_a_hostile_page_takes_no_time(piece: str) -> None:
    hostile = page(piece * (256 * 1024 // len(piece)))
    start = time.process_time()
    title(hostile)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        ("<p>" + "".join(f"<b {number:x}>" for number in range(7000)), "<p>x"),
        ("<svg>" + "<g>" * 40_000, "</x>"),
        ("<svg>" + "<desc><svg>" * 10_000, "<p></p>"),
        ("<template>" * 10_000, "</template><svg>"),
        ("<script>" + "<!--" * 20_000, "<script>"),
    ],
    ids=lambda text: text[:12],
)
def test_deeply_nested_elements_take_no_time_and_no_memory(head: str, piece: str) -> None:
    tracemalloc.start()
    start = time.process_time()
    title(page((head + piece * 60_000)[: 256 * 1024 - 20] + "<title>end</title>"))
    assert time.process_time() - start < 2  # tracing alone makes it several times slower
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("charset", ["utf-8", "iso-2022-jp", "gb18030", "big5", "euc-jp", "utf-16"])
def test_noise_in_any_charset_has_no_title_and_takes_no_time(charset: str) -> None:
    start = time.process_time()
    assert title(page(bytes(range(1, 256)) * 1000, charset=charset)) is None
    assert time.process_time() - start < 0.5
