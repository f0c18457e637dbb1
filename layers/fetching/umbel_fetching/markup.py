"""Find titles and meta elements in HTML, in one pass and in time proportional to the text.

It follows the HTML standard's tokenizer, and keeps of the tree only what decides whether an element is HTML: templates,
and SVG and MathML with the elements inside them that hold HTML again. A parser that builds the whole tree would give a
stranger's page the worker's memory: 64 kB of nested formatting make it larger than a gigabyte.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

_SPACE = r"\t\n\f\r "
_VALUE = rf"""("[^"]*+"|'[^']*+'|[^{_SPACE}"'>][^{_SPACE}>]*+|(?=>))"""
_ATTRIBUTE = rf"([^{_SPACE}/>][^{_SPACE}/>=]*+)(?:[{_SPACE}]*+=[{_SPACE}]*+{_VALUE}|(?![{_SPACE}]*+=))"
TAG = re.compile(rf"<(/?)([a-zA-Z][^{_SPACE}/>]*+)((?:[{_SPACE}/]*+{_ATTRIBUTE})*+)([{_SPACE}/]*+)>")
COMMENT = re.compile(r"<!--(?:-?>|.*?--!?>)", re.DOTALL)
NEXT = re.compile(r"<[a-zA-Z/!?]")
A_TAG = re.compile(r"</?[a-zA-Z]")
_SCRIPT = re.compile(rf"<!--(?!-*>)|-->|<(/?)script(?=[{_SPACE}/>])", re.IGNORECASE)
_RAW = frozenset(("iframe", "noembed", "noframes", "noscript", "style", "textarea", "title", "xmp"))
"""HTML elements whose content is text. Browsers run scripts, so `noscript` is one of them."""
_BREAKOUT = frozenset(
    (
        *("b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1", "h2"),
        *("h3", "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol", "p", "pre"),
        *("ruby", "s", "small", "span", "strike", "strong", "sub", "sup", "table", "tt", "u", "ul", "var"),
    )
)
"""Start tags that end SVG and MathML."""
_HTML_INSIDE = {
    "svg": frozenset(("desc", "foreignobject", "title")),
    "math": frozenset(("mi", "mn", "mo", "ms", "mtext")),
}


class Element(NamedTuple):
    """A title or meta element of HTML."""

    name: str
    attributes: str
    content: str
    """The text of a title, character references included; empty for a meta element."""


def elements(text: str) -> Iterator[Element]:
    """Yield the titles and meta elements that belong to the document, in its order."""
    foreign = _Foreign()
    templates: list[int] = []
    position = 0
    while found := NEXT.search(text, position):
        tag = TAG.match(text, found.start())
        if tag is None:
            position = _after_other(text, found.start(), inside_foreign=foreign.now)
            if not position:
                return
            continue
        position = tag.end()
        name = tag[2].lower()
        if tag[1]:
            if name == "template" and templates and not foreign.has(name):
                foreign.cut(templates.pop())
            foreign.end(name)
            continue
        if not foreign.start(name, tag[3], closed=tag[6].endswith("/")):
            continue
        start = position
        if name == "template":
            templates.append(foreign.depth)
        elif name == "script":
            position = _after_script(text, position)
        elif name in _RAW:
            end = _end_tag(name).search(text, position)
            position = end.start() if end else len(text)
        elif name == "plaintext":
            return
        if name in ("title", "meta") and not templates:
            yield Element(name, tag[3], text[start:position])


class _Foreign:
    """The open elements of SVG and MathML."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str, bool]] = []
        """Name, `svg` or `math`, and whether HTML may be inside."""
        self._names: Counter[str] = Counter()
        self._html: set[str] = set()
        """Names of the elements of HTML so far: the end tag of one ends SVG and MathML inside it."""

    @property
    def depth(self) -> int:
        return len(self._open)

    @property
    def now(self) -> bool:
        """Whether the innermost element takes no HTML."""
        return bool(self._open) and not self._open[-1][2]

    def has(self, name: str) -> bool:
        return self._names[name] > 0

    def start(self, name: str, attributes: str, *, closed: bool) -> bool:
        """Note a start tag; return whether it is one of HTML."""
        if self.now and not (name == "svg" and self._open[-1][0] == "annotation-xml"):
            if not (name in _BREAKOUT or (name == "font" and _styled(attributes))):
                space = self._open[-1][1]
                holder = space == "math" and name == "annotation-xml" and _holds_html(attributes)
                html = holder or name in _HTML_INSIDE[space]
                self._push(name, space, html, closed=closed)
                return False
            self._break_out()
        if name in ("svg", "math"):
            self._push(name, name, False, closed=closed)
            return False
        self._html.add(name)
        return True

    def end(self, name: str) -> None:
        """Note an end tag: close the innermost element of this name with all that is inside."""
        if self._names[name] > 0:
            while self._pop() != name:
                pass
        elif name in ("p", "br") or name in self._html:
            self._break_out()

    def cut(self, depth: int) -> None:
        """Close all but the outer `depth` elements."""
        while len(self._open) > depth:
            self._pop()

    def _break_out(self) -> None:
        while self.now:
            self._pop()

    def _push(self, name: str, space: str, html: bool, *, closed: bool) -> None:
        if not closed:
            self._open.append((name, space, html))
            self._names[name] += 1

    def _pop(self) -> str:
        name = self._open.pop()[0]
        self._names[name] -= 1
        return name


def _after_other(text: str, start: int, *, inside_foreign: bool) -> int:
    """Return the position behind a comment, a declaration or the like; 0 when it never ends, as a tag that does not."""
    if text.startswith("<!--", start):
        comment = COMMENT.match(text, start)
        return comment.end() if comment else 0
    if inside_foreign and text.startswith("<![CDATA[", start):
        end = text.find("]]>", start)
        return end + 3 if end >= 0 else 0
    if A_TAG.match(text, start):
        return 0
    return text.find(">", start) + 1


def _after_script(text: str, position: int) -> int:
    """Return where a script's end tag starts. A comment in it may hold a script of its own, with its end tag."""
    in_comment = in_script = False
    for mark in _SCRIPT.finditer(text, position):
        if mark[0] == "<!--":
            in_comment = True
        elif mark[0] == "-->":
            in_comment = in_script = False
        elif not mark[1]:
            in_script = in_comment
        elif in_script:
            in_script = False
        else:
            return mark.start()
    return len(text)


@cache
def _end_tag(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE)


def attributes_of(text: str) -> dict[str, str]:
    """Return a tag's attributes; of two with one name, the first counts."""
    found: dict[str, str] = {}
    for name, value in re.findall(_ATTRIBUTE, text):
        found.setdefault(name.lower(), value[1:-1] if value[:1] in ("'", '"') else value)
    return found


def _styled(attributes: str) -> bool:
    return not attributes_of(attributes).keys().isdisjoint(("color", "face", "size"))


def _holds_html(attributes: str) -> bool:
    return attributes_of(attributes).get("encoding", "").lower() in ("text/html", "application/xhtml+xml")
