"""Decode a page with the encoding that a browser would use."""

import codecs
import re
from html import unescape

from webencodings import lookup  # type: ignore[import-untyped]  # its types are a package of their own

from umbel_fetching.markup import A_TAG, NEXT, TAG, attributes_of, elements

_PRESCANNED = 1024
"""Bytes of a page in which a declaration is looked for before it is parsed."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16le"), (codecs.BOM_UTF16_BE, "utf-16be"))
_XML_IN_UTF_16 = {"<\0?\0x\0": "utf-16le", "\0<\0?\0x": "utf-16be"}
_XML = re.compile(r"""<\?xml[^>]*?encoding[\x00-\x20]*=[\x00-\x20]*(["'])([^>]*?)\1""")
_CHARSET = re.compile(
    r"""charset[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"]*)"|'([^']*)'|([^\t\n\f\r ;"'][^\t\n\f\r ;]*))""", re.I
)


def decode(body: bytes, charset: str | None) -> str:
    """Return the page as text. `charset` is the one of the header."""
    for mark, label in _MARKS:
        if body.startswith(mark):
            return _text(body[len(mark) :], label)
    return _text(body, encoding_of(body, charset))


def encoding_of(body: bytes, charset: str | None) -> str:
    """Return the encoding by the WHATWG standard's name: the byte order mark's, the header's, the page's own, a guess.

    A page declares it in a meta element or in its XML declaration. A page that declares none is UTF-8 if it is valid
    UTF-8 with a character beyond ASCII, else windows-1252.
    """
    marked = next((label for mark, label in _MARKS if body.startswith(mark)), None)
    declared = marked or name_of(charset) or _declared_early(body[:_PRESCANNED].decode("latin-1"))
    if declared:
        return declared
    guess = "utf-8" if _is_utf_8(body) else "windows-1252"
    if b"charset" not in body.lower():
        return guess
    metas = (element.attributes for element in elements(_text(body, guess)) if element.name == "meta")
    return next((name for name in map(_declared_by, metas) if name), guess)


def name_of(label: str | None) -> str | None:
    """Return the standard's name of an encoding; None for a label that browsers do not know."""
    encoding = lookup(label) if label and label.isascii() else None
    return encoding.name if encoding else None


def charset_in(content_type: str) -> str | None:
    """Return the label after `charset=`."""
    found = _CHARSET.search(content_type)
    return found and next((label for label in found.groups() if label is not None), None)


def _text(body: bytes, name: str) -> str:
    return str(lookup(name).codec_info.decode(body, "replace")[0])


def _declared_early(head: str) -> str | None:
    """Return what the start of a page declares, found without parsing: also inside a script, never in a comment."""
    for start, encoding in _XML_IN_UTF_16.items():
        if head.startswith(start):
            return encoding
    position = 0
    while found := NEXT.search(head, position):
        if head.startswith("<!--", found.start()):
            position = head.find("-->", found.start() + 2) + 3
            if position == 2:
                break
        elif tag := TAG.match(head, found.start()):
            position = tag.end()
            if not tag[1] and tag[2].lower() == "meta" and (name := _declared_by(tag[3])):
                return name
        elif A_TAG.match(head, found.start()):
            break
        else:
            position = head.find(">", found.start()) + 1
            if not position:
                break
    xml = _XML.match(head)
    return _declarable(xml[2]) if xml else None


def _declared_by(meta: str) -> str | None:
    """Return the encoding that a meta element with these attributes declares."""
    attributes = attributes_of(meta)
    if "charset" in attributes:
        return _declarable(attributes["charset"])
    if unescape(attributes.get("http-equiv", "")).lower() == "content-type":
        return _declarable(charset_in(unescape(attributes.get("content", ""))))
    return None


def _declarable(label: str | None) -> str | None:
    """Return the encoding of a declaration that was read as ASCII, which a page in UTF-16 would not allow."""
    name = name_of(label)
    return {"utf-16le": "utf-8", "utf-16be": "utf-8", "x-user-defined": "windows-1252"}.get(name or "", name)


def _is_utf_8(body: bytes) -> bool:
    """Return whether the bytes are UTF-8 with a character beyond ASCII. The last character may be cut."""
    try:
        return not codecs.getincrementaldecoder("utf-8")().decode(body).isascii()
    except UnicodeDecodeError:
        return False
