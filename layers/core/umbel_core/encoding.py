"""What a caller may ask of the encoder, and the formats in which each of these parameters has an effect."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from umbel_core.errors import Path, Rejected, dotted

Format = Literal["jpeg", "png", "webp", "avif", "auto"]
"""The formats that a caller may ask for. Without one, a result keeps the format of its input."""

OUTPUT = "x-output"
"""Marks the schemas of the parameters that few callers need; forms hide them until they are asked for."""

_RARE = {OUTPUT: True}


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
    "palette": ("png",),
    "strip": _WITH_METADATA,
    "keep_copyright": _WITH_METADATA,
    "keep_date": _WITH_METADATA,
}
"""Parameter -> formats in which it has an effect. The others have one in every format."""

_EXCLUDED = {
    ("quality", "lossless"): "a lossless result has no quality",
    ("max_bytes", "lossless"): "a lossless result cannot be made smaller",
    ("keep_copyright", "strip"): "strip=false keeps it already",
    ("keep_date", "strip"): "strip=false keeps it already",
}

AUTO = ("webp", "jpeg", "png")
"""What `auto` chooses from: the formats that every browser in use shows."""


def check_request(params: Mapping[str, Any], path: Path) -> None:
    """Raise `Rejected` for a parameter that cannot have an effect, as far as a request shows it."""
    wanted = encoding_of(params)
    for (name, other), reason in _EXCLUDED.items():
        if {name, other} <= given(wanted).keys():
            raise Rejected("invalid_params", f"{dotted((*path, name))} has no effect here: {reason}.", (*path, name))
    if wanted.format == "auto" and not effective_in(wanted, AUTO):
        names = ", ".join(name for name in given(wanted) if name in _EFFECTIVE_IN)
        raise Rejected("invalid_params", f"{dotted(path) or 'params'}: no format has all of {names}.", path)
    if wanted.format not in (None, "auto"):
        for parameter, reason in without_effect(wanted, str(wanted.format)).items():
            sentence = f"{dotted((*path, parameter))} {reason}. Choose such a format, or leave the parameter out."
            raise Rejected("invalid_params", sentence, (*path, parameter))


def without_effect(wanted: Encoding, name: str) -> dict[str, str]:
    """Return the given parameters that have no effect in this format, each with the reason."""
    return {
        parameter: f"has no effect in {name}; it has in {_listed(formats)}"
        for parameter in given(wanted)
        if name not in (formats := _EFFECTIVE_IN.get(parameter, (name,)))
    }


def effective_in(wanted: Encoding, formats: tuple[str, ...]) -> list[str]:
    """Return those of the formats in which every given parameter has an effect."""
    return [name for name in formats if all(name in _EFFECTIVE_IN.get(each, formats) for each in given(wanted))]


def encoding_of(params: Mapping[str, Any]) -> Encoding:
    """Return those of an op's parameters that are for the encoder."""
    return Encoding(**{name: params[name] for name in Encoding.__struct_fields__ if name in params})


def given(wanted: Encoding) -> dict[str, Any]:
    """Return the parameters that differ from their defaults."""
    values = {field.name: (getattr(wanted, field.name), field.default) for field in msgspec.structs.fields(Encoding)}
    return {name: value for name, (value, default) in values.items() if value != default}


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
