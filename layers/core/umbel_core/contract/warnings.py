"""Every code of a warning, and what it means. A result that carries one was made, but not of all that was given."""

from typing import Annotated

import msgspec
from msgspec import Meta

WARNINGS: dict[str, str] = {
    "frames_dropped": "The input has several frames or pages; the result has the first one alone.",
    "gain_map_dropped": "The input has a gain map, with which some screens show it brighter; the result has none.",
    "profile_guessed": "The input does not say what its colours mean; the usual meaning was taken.",
    "data_missing": "Data of the input is missing or damaged; the result was made of the rest.",
    "no_effect": "A parameter has no effect in the result's format, which the request did not choose.",
}


class ResultWarning(msgspec.Struct, frozen=True, kw_only=True):
    """What a result lacks of its input, or what was guessed: a code for programs and a sentence for people."""

    code: Annotated[str, Meta(description="; ".join(f"`{code}`: {meaning}" for code, meaning in WARNINGS.items()))]
    message: str
