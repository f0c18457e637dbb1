"""The types of input that an op may take. A new one is one entry of the table; everything else reads it from here.

The synthesis builds the lane that an entry asks for, the worker obtains the input as it says, and the catalogue carries
the rest to the API, the command line and the page, which know no type by its name.
"""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, get_args

import msgspec

if TYPE_CHECKING:
    from PIL.Image import Image

Carrier = Literal["value", "url", "file"]
"""How an input reaches its op: inside the task; as a URL that the op fetches; as a file that the worker reads, which
the task names by its key in the uploads bucket or by its URL."""
_URL = "^[Hh][Tt][Tt][Pp][Ss]?://"
MAX_URL_LENGTH = 2048
Url = Annotated[
    str,
    msgspec.Meta(
        pattern=_URL, max_length=MAX_URL_LENGTH, description="An http or https URL", extra_json_schema={"format": "uri"}
    ),
]
"""The first parameter of an op that fetches from the web."""
_QUERY = re.compile(r"[?#].*", re.DOTALL)


def without_query(url: str) -> str:
    """Return a URL for a sentence: queries often have keys in them, and sentences are copied to chats and tickets."""
    return _QUERY.sub("", url)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What the header of a picture's file says beside the size."""

    orientation: int
    """EXIF's orientation of the stored pixels, 1 to 8; 1 is upright."""
    bit_depth: int
    """The bits of each channel."""
    has_alpha: bool
    has_gps: bool
    dpi: float | None
    profile: str | None
    """The name of the colour profile."""
    duration_ms: int | None
    """The time of an animation, once through."""
    loops: int | None
    """How often an animation is shown; 0 is for ever."""


class Picture(Protocol):
    """A picture that is decoded only as far as the op asks; for ops that gain by decoding less.

    Whatever way it is decoded, pixels come upright (EXIF orientation applied), in sRGB, 8 bits per channel, in mode
    `L`, `LA`, `RGB` or `RGBA`. An op that has no use for shortcuts takes a plain `PIL.Image.Image` instead.
    """

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as a person sees the picture: upright."""

    @property
    def format(self) -> str:
        """The decoder's name in lower case: `jpeg`, `png`, `webp`, `avif`, `heic`, `jxl`, `gif`, `tiff`, `bmp`."""

    @property
    def mode(self) -> str:
        """The mode that the file is stored in, in Pillow's words: `RGB`, `P`, `CMYK`, `I;16`…"""

    @property
    def frames(self) -> int:
        """How many frames the file holds; 1 for a still picture."""

    @property
    def first_frame(self) -> "Picture":
        """The first frame of a file that moves, whose frames the op gets one by one; else the picture itself.

        What an op finds in the pixels, as what to cut off, it finds here: it must be the same in every frame.
        """

    @property
    def bytes(self) -> int:
        """The size of the encoded file."""

    @property
    def header(self) -> Header:
        """What the file's header says beside the size."""

    def image(self) -> "Image":
        """Return the whole picture as a `PIL.Image.Image`."""

    def at_least(self, width: float, height: float) -> "Image":
        """Return the picture at any scale that is no smaller than `width` x `height`, with a margin for resampling."""

    def resized(self, width: int, height: int) -> "Image":
        """Return the picture at exactly this size, resampled once from the smallest sufficient decoded size."""

    def luma(self) -> "Image":
        """Return the whole picture in mode `L` (`LA` when it has alpha), decoded without its colours if possible."""


class Asset(Picture, Protocol):
    """A picture of the deployment, from the folder `assets`; a caller gives its name as the parameter."""


ASSET = "asset"
"""The `format` in the JSON Schema of a parameter that names an asset."""
AssetName = Annotated[
    str,
    msgspec.Meta(max_length=64, description="A picture from the folder `assets`", extra_json_schema={"format": ASSET}),
]


def is_asset(annotation: Any) -> bool:
    """Return whether a parameter's annotation is `Asset` or `Asset | None`."""
    return annotation is Asset or Asset in get_args(annotation)


class InputType(msgspec.Struct, frozen=True, kw_only=True):
    """One type of input."""

    name: str
    """What an op's card says that it takes."""
    title: str
    """What people read in a form."""
    recognises: Callable[[Any], bool]
    """Returns whether the annotation of an op's first parameter means this type."""
    carrier: Carrier = "value"
    layers: tuple[str, ...] = ()
    """What an op's lane needs for it, besides the core and, for files and URLs, the fetcher."""
    media_types: tuple[str, ...] = ()
    """For `file`: the media types that an upload may have."""
    open: str = ""
    """Of a file: `module.function` of the worker that makes its bytes what the op takes, as `(bytes, annotation,
    Limits)`. Without it the op takes the bytes."""
    shared: bool = False
    """What `open` returns may be given to several ops of a fused recipe, and has `keep_pixels` for that."""


def is_image(annotation: Any) -> bool:
    """Return whether it is `PIL.Image.Image`; by name, so that only ops import Pillow."""
    return getattr(annotation, "__module__", "") == "PIL.Image" and annotation.__name__ == "Image"


def _is_text(annotation: Any) -> bool:
    return bool(schema_of(annotation).get("type") == "string")


def _is_numbers(annotation: Any) -> bool:
    schema = schema_of(annotation)
    return schema.get("type") == "array" and schema.get("items", {}).get("type") in {"number", "integer"}


INPUT_TYPES = [
    InputType(
        name="picture",
        title="Picture",
        recognises=lambda annotation: annotation is Picture or is_image(annotation),
        carrier="file",
        layers=("imaging",),
        media_types=(
            *("image/jpeg", "image/png", "image/webp", "image/avif", "image/heic", "image/jxl", "image/gif"),
            *("image/tiff", "image/bmp"),
        ),
        open="worker.pictures.opened",
        shared=True,
    ),
    InputType(name="url", title="URL", recognises=lambda annotation: annotation == Url, carrier="url"),
    InputType(name="text", title="Text", recognises=_is_text),
    InputType(name="numbers", title="Numbers", recognises=_is_numbers),
    InputType(name="json", title="Value", recognises=lambda _: True),
]
"""An annotation has the first type that recognises it."""


def input_type(name: str) -> InputType:
    """Return the type of this name."""
    return next(each for each in INPUT_TYPES if each.name == name)


def input_type_of(annotation: Any) -> InputType:
    """Return the type that the annotation of an op's first parameter asks for."""
    return next(each for each in INPUT_TYPES if each.recognises(annotation))


def input_schema(annotation: Any) -> dict[str, Any]:
    """Return the JSON Schema of what a task carries for this annotation."""
    found = input_type_of(annotation)
    if found.carrier != "file":
        return {"title": found.title, **schema_of(annotation)}
    return {
        "title": found.title,
        "type": "string",
        "minLength": 1,
        "maxLength": 1024,
        "description": f"{found.title}: its key in the uploads bucket, or its http or https URL",
    }


def upload_media_types() -> list[str]:
    """Return the media types that an upload may have: those of all files that ops may take."""
    return [media_type for each in INPUT_TYPES for media_type in each.media_types]


def is_url(text: str) -> bool:
    """Return whether the name of a file is a URL, and not a key in the uploads bucket."""
    return re.match(_URL, text) is not None


def layers_for(name: str) -> Iterable[str]:
    """Return the layers that a lane needs for inputs of this type, besides the core."""
    found = input_type(name)
    return (*found.layers, *(() if found.carrier == "value" else ("fetching",)))


def schema_of(annotation: Any) -> dict[str, Any]:
    """Return the JSON Schema with the top-level reference resolved and nothing but what a form or a validator needs."""
    schema = msgspec.json.schema(annotation)
    definitions = schema.pop("$defs", {})
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    schema.pop("title", None)
    return schema
