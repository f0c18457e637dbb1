"""A page -> its title, whatever its author did to it."""

import codecs
import re

from selectolax.lexbor import LexborHTMLParser

from umbel_fetching.fetcher import Page

_READ = 64 * 1024
_LONGEST = 300
_HTML = ("text/html", "application/xhtml+xml")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_AS_BROWSERS_DO = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
"""Names that pages write, and what they mean by them."""
_KNOWN = re.compile(
    r"utf-8|utf-16(-[lb]e)?|cp125[0-8]|cp866|cp874|cp932|cp949|iso8859-\d+|koi8-[ru]|mac-(roman|cyrillic)|gb18030"
    r"|big5hkscs|euc_jp|iso2022_jp"
)
"""Python knows others too, some of which (punycode) take a hostile text minutes."""
_CONTROL = dict.fromkeys((*range(32), *range(127, 160)), " ")


def title(page: Page) -> str | None:
    """The title in the page's head, in one line; None when there is none, or when this is no HTML."""
    if (page.content_type or "text/html") not in _HTML:
        return None
    head = page.body[:_READ]
    text = head.decode(_charset(page, head), "replace").removeprefix("\ufeff")  # the mark would start the body
    found = LexborHTMLParser(text).css_first("head > title")
    words = found.text().translate(_CONTROL).split() if found else []
    return " ".join(words)[:_LONGEST].rstrip() or None


def _charset(page: Page, head: bytes) -> str:
    """As browsers tell it: a byte order mark, then the header, then a meta element early on, then UTF-8."""
    for mark, charset in _MARKS:
        if head.startswith(mark):
            return charset
    meta = _META.search(head[:2048])
    written = _known(meta[1].decode("ascii", "replace")) if meta else None
    if written and written.startswith("utf-16"):
        written = None  # or it could not have been read
    return _known(page.charset or "") or written or "utf-8"


def _known(name: str) -> str | None:
    try:
        charset = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    charset = _AS_BROWSERS_DO.get(charset, charset)
    return charset if _KNOWN.fullmatch(charset) else None
