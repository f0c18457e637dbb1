"""Reads the title of an HTML page, with the charset that a browser would use."""

import re

from selectolax.lexbor import LexborHTMLParser
from w3lib.encoding import html_body_declared_encoding, read_bom, to_unicode

from umbel_fetching.fetcher import FetchedPage

_READ = 64 * 1024
_LONGEST = 300
_HTML = ("text/html", "application/xhtml+xml")
_SAFE = re.compile(
    r"utf-8|utf-16(-[lb]e)?|cp125[0-8]|cp866|cp874|cp932|cp949|iso8859-\d+|koi8-[ru]|mac-(roman|cyrillic)|gb18030"
    r"|big5hkscs|euc_jp|iso2022_jp"
)
"""Charsets that browsers know. Python knows others too, some of which (punycode) take minutes for a hostile text."""
_CONTROL = dict.fromkeys((*range(32), *range(127, 160)), " ")


def title(page: FetchedPage) -> str | None:
    """Return the title in the page's head, in one line; None when there is none, or when this is not HTML."""
    if (page.content_type or "text/html") not in _HTML:
        return None
    found = LexborHTMLParser(_decode(page.body[:_READ], page.charset)).css_first("head > title")
    words = found.text().translate(_CONTROL).split() if found else []
    return " ".join(words)[:_LONGEST].rstrip() or None


def _decode(head: bytes, charset: str | None) -> str:
    """Decode as browsers do: by the byte order mark, else the header, else a meta element early on, else UTF-8."""
    marked, mark = read_bom(head)
    if marked and mark:
        return to_unicode(head[len(mark) :], marked)
    declared = html_body_declared_encoding(head) or ""
    if declared.startswith("utf-16"):
        declared = ""  # in UTF-16 the element could not have been read
    return to_unicode(head, next((name for name in (charset, declared) if name and _SAFE.fullmatch(name)), "utf-8"))
