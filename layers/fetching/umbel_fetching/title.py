"""Reads the title of an HTML page, as a browser's tab shows it."""

from html import unescape

from umbel_fetching.charsets import decode
from umbel_fetching.fetcher import FetchedPage
from umbel_fetching.markup import elements

_LONGEST = 300
_HTML = ("text/html", "application/xhtml+xml")
_CONTROL = dict.fromkeys((*range(1, 32), *range(127, 160)), " ") | {0: "\ufffd"}


def title(page: FetchedPage) -> str | None:
    """Return the page's first title, in one line; None when there is none, or when this is not HTML."""
    if (page.content_type or "text/html") not in _HTML:
        return None
    found = next((each.content for each in elements(decode(page.body, page.charset)) if each.name == "title"), "")
    return " ".join(unescape(found.translate(_CONTROL)).translate(_CONTROL).split())[:_LONGEST].rstrip() or None
