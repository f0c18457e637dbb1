"""Make texts safe to print: names, titles and error sentences come from anywhere, and must not control the terminal."""

import re

_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
_DIRECTION = r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Characters that reverse what follows, so that `gpj.exe` reads as `exe.jpg`; and line ends that no terminal shows."""
_HALF = r"\ud800-\udfff"
_IN_LINES = re.compile(f"[{_CONTROL}{_DIRECTION}{_HALF}]")
_IN_LINE = re.compile(rf"[\t\n{_CONTROL}{_DIRECTION}{_HALF}]")


def one_line(text: str) -> str:
    """Return the text in one line, with a space for each character that could control the terminal."""
    return _IN_LINE.sub(" ", text)


def lines(text: str) -> str:
    """Return the text with its line ends and tabs, and a space for every other control character."""
    return _IN_LINES.sub(" ", text)


def json(document: str) -> str:
    """Return the same JSON document with these characters escaped."""
    return _IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", document)
