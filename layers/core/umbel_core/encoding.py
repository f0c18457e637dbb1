"""What a caller may ask of the encoder, and the formats in which each of these parameters has an effect."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import msgspec

from umbel_core.errors import Path, Rejected, dotted

Format = Literal["jpeg", "png", "webp", "avif", "auto"]
"""The formats that a caller may ask for. Without one, a result keeps the format of its input."""

OUTPUT = "x-output"
"""Marks the schemas of the parameters that few callers need; forms hide them until they are asked for."""

_RARE = {OUTPUT: True}
_FORMATS = get_args(Format)


class Encoding(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters that every op with a picture as result has; an op may declare one itself to change the default."""

    format: (
        Annotated[
            Format, msgspec.Meta(description="Format of the result; without it, that of the input. auto: the smallest")
        ]
        | None
    ) = None
    quality: (
        Annotated[
            int,
            msgspec.Meta(
                ge=1,
                le=100,
                description="A higher number means more bytes; without it, 85 for JPEG, 80 for WebP, 60 for AVIF",
            ),
        ]
        | None
    ) = None
    animated: Annotated[
        bool,
        msgspec.Meta(
            description="Whether a GIF, WebP or PNG that moves keeps its frames; else, the first one alone",
            extra_json_schema=_RARE,
        ),
    ] = True
    max_bytes: (
        Annotated[
            int,
            msgspec.Meta(
                ge=100,
                le=100_000_000,
                description="The most bytes of the result; it gets the best quality that fits",
                extra_json_schema=_RARE,
            ),
        ]
        | None
    ) = None
    effort: (
        Annotated[
            int,
            msgspec.Meta(
                ge=0,
                le=10,
                description="PNG, WebP, AVIF: 0 is the fastest, 10 gives the smallest file",
                extra_json_schema=_RARE,
            ),
        ]
        | None
    ) = None
    progressive: Annotated[
        bool, msgspec.Meta(description="JPEG: shown coarsely before all of it is loaded", extra_json_schema=_RARE)
    ] = False
    lossless: Annotated[bool, msgspec.Meta(description="WebP: every pixel is kept", extra_json_schema=_RARE)] = False
    palette: Annotated[
        bool, msgspec.Meta(description="PNG: at most 256 colours, for fewer bytes", extra_json_schema=_RARE)
    ] = False
    strip: Annotated[
        bool,
        msgspec.Meta(
            description="Whether the camera's metadata is removed; places always are", extra_json_schema=_RARE
        ),
    ] = True
    keep_copyright: Annotated[
        bool, msgspec.Meta(description="Keep the author and the copyright", extra_json_schema=_RARE)
    ] = False
    keep_date: Annotated[bool, msgspec.Meta(description="Keep when the photo was taken", extra_json_schema=_RARE)] = (
        False
    )


_WITH_METADATA = ("jpeg", "png", "webp", "avif")
_EFFECTIVE_IN = {
    "quality": ("jpeg", "webp", "avif"),
    "effort": ("png", "webp", "avif"),
    "progressive": ("jpeg",),
    "lossless": ("webp",),
    "palette": ("png", "gif"),
    "strip": _WITH_METADATA,
    "keep_copyright": _WITH_METADATA,
    "keep_date": _WITH_METADATA,
    "background": ("png", "webp", "avif", "gif"),
}
"""Parameter -> formats in which it has an effect. The others have one in every format, and so has a `background` that
is not transparent. A GIF has a palette without being asked for it.
"""
_TRANSPARENT = re.compile(r"transparent|#[0-9a-f]{3}[0-9a-e]|#[0-9a-f]{6}(?!ff)[0-9a-f]{2}", re.IGNORECASE)
"""Colours through which one sees."""

_EXCLUDED = {
    ("quality", "lossless"): "a lossless result has no quality",
    ("max_bytes", "lossless"): "a lossless result cannot be made smaller",
    ("keep_copyright", "strip"): "strip=false keeps it already",
    ("keep_date", "strip"): "strip=false keeps it already",
}

AUTO = ("webp", "jpeg", "png")
"""What `auto` chooses from: the formats that every browser in use shows."""
AUTO_MOVING = ("webp", "gif")
"""The same for what moves. The first one is the result where there is no time for both."""


def check_request(params: Mapping[str, Any], path: Path) -> None:
    """Raise `Rejected` for a parameter that cannot have an effect, as far as a request shows it."""
    asked, name = given(params), params.get("format")
    for (first, second), reason in _EXCLUDED.items():
        if {first, second} <= asked.keys():
            raise Rejected("invalid_params", f"{dotted((*path, first))} has no effect here: {reason}.", (*path, first))
    if name == "auto" and not effective_in(params, AUTO):
        names = ", ".join(parameter for parameter in asked if parameter in _EFFECTIVE_IN)
        raise Rejected("invalid_params", f"{dotted(path) or 'params'}: no format has all of {names}.", path)
    if name not in (None, "auto"):
        for parameter, reason in without_effect(params, str(name)).items():
            sentence = f"{dotted((*path, parameter))} {reason}. Choose such a format, or leave the parameter out."
            raise Rejected("invalid_params", sentence, (*path, parameter))


def without_effect(params: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the given parameters that have no effect in this format, each with the reason."""
    return {
        parameter: f"{_lack(parameter)} in {name}; it has in {_listed([each for each in formats if each in _FORMATS])}"
        for parameter in given(params)
        if name not in (formats := _EFFECTIVE_IN.get(parameter, (name,)))
    }


def effective_in(params: Mapping[str, Any], formats: tuple[str, ...]) -> list[str]:
    """Return those of the formats in which every given parameter has an effect."""
    return [name for name in formats if all(name in _EFFECTIVE_IN.get(each, formats) for each in given(params))]


def encoding_of(params: Mapping[str, Any]) -> Encoding:
    """Return those of an op's parameters that are for the encoder."""
    return Encoding(**{name: params[name] for name in Encoding.__struct_fields__ if name in params})


def given(params: Mapping[str, Any]) -> dict[str, None]:
    """Return the names of the parameters for the encoder that differ from their defaults, in the order of the struct.

    A transparent background is one of them: an encoder cannot have it where its format has no transparency.
    """
    fields = msgspec.structs.fields(Encoding)
    names = dict.fromkeys(field.name for field in fields if params.get(field.name, field.default) != field.default)
    if _TRANSPARENT.fullmatch(str(params.get("background"))):
        names["background"] = None
    return names


def _lack(parameter: str) -> str:
    return "has no transparency" if parameter == "background" else "has no effect"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
