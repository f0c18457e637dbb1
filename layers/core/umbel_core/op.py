"""What an op is made of: the decorator, the types that its signature may use, and the card read off that signature.

An op is one file, `functions/ops/<name>.py`, with one function of the same name:

    @op(memory_mb=1024)
    def blur(picture: Image, *, radius: Annotated[float, Bounds(ge=0, le=100)] = 4.0) -> Image:
        \"\"\"Soften the picture.\"\"\"
        return picture.filter(ImageFilter.GaussianBlur(radius))

The first parameter says what the op takes, the keyword parameters with their bounds become its schema, the return
annotation says where the result goes (a picture to the results bucket, anything else into the ledger).
"""

import inspect
import re
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar

import msgspec

if TYPE_CHECKING:
    from PIL.Image import Image

Bounds = msgspec.Meta
"""Limits and help of one parameter: `Annotated[int, Bounds(ge=1, le=16384, description="Pixels")]`."""

_ADDRESS = "^[Hh][Tt][Tt][Pp][Ss]?://"
Url = Annotated[str, Bounds(pattern=_ADDRESS, max_length=2048, description="An http or https address")]
"""The first parameter of an op that works on a web address."""

Format = Literal["jpeg", "png", "webp", "avif"]
"""The formats that a caller may ask for. Without one, a result keeps the format of its input."""

ADD_A_PACKAGE = ".venv/bin/uv add --no-sync --group ops {}, then make setup"
"""What makes a package of PyPI one that ops may need."""

F = TypeVar("F", bound=Callable[..., Any])


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
        """The decoder's name in lower case: `jpeg`, `png`, `webp`, `avif`, `gif`, `tiff`, `bmp`."""

    @property
    def mode(self) -> str:
        """The mode that the file is stored in, in Pillow's words: `RGB`, `P`, `CMYK`, `I;16`…"""

    @property
    def frames(self) -> int:
        """How many frames the file holds; 1 for a still picture."""

    @property
    def bytes(self) -> int:
        """The size of the encoded file."""

    def image(self) -> "Image":
        """The whole picture as a `PIL.Image.Image`."""

    def at_least(self, width: float, height: float) -> "Image":
        """The picture at any scale that is no smaller than `width` x `height`, with a margin for resampling."""

    def resized(self, width: int, height: int) -> "Image":
        """The picture at exactly this size, resampled once from the smallest decode that carries it."""

    def luma(self) -> "Image":
        """The whole picture in mode `L` (`LA` when it has alpha), decoded without its colours where possible."""


class Compute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one op's lane gets. `cdk.json`'s context overrides `concurrency` without touching code."""

    memory_mb: Annotated[int, Bounds(ge=128, le=10240)] = 512
    timeout_seconds: Annotated[int, Bounds(ge=1, le=900)] = 20
    concurrency: Annotated[int, Bounds(ge=0, le=1000)] = 4
    """Reserved concurrency: at most this many of the op run at a time. 0 pauses the lane and loses nothing."""
    batch: Annotated[int, Bounds(ge=1, le=10)] = 4
    """Messages that one invocation takes, one after another, when there is a queue."""
    ordered: bool = False
    """True: tasks of one group run one after another, through a FIFO queue."""
    serves: Literal["batch", "crawl"] | None = None
    """The kind of job whose images or pages this op is for."""
    needs: tuple[Annotated[str, Bounds(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")], ...] = ()
    """The PyPI packages that the op imports, by their names there, lower case. Its lane gets a layer of them."""


class OpCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An op as everyone but its worker knows it: data, read off the signature at synth."""

    name: str
    summary: str
    takes: Literal["picture", "text", "numbers", "url", "json"]
    returns: Literal["picture", "value"]
    input: dict[str, Any]
    """JSON Schema of the input. A picture is named by its key in the uploads bucket."""
    params: dict[str, Any]
    """JSON Schema of the parameters."""
    compute: Compute


class OpDeclarationError(Exception):
    """An op's file that breaks the rules above; names the file and the rule."""


def op(**compute: Any) -> Callable[[F], F]:
    """Declare the function below as the op of its file. Settings are those of `Compute`."""

    def declare(function: F) -> F:
        try:
            settings = msgspec.convert(compute, Compute)
        except msgspec.ValidationError as error:
            raise OpDeclarationError(f"{function.__name__}: @op: {error}") from error
        function.compute = settings  # type: ignore[attr-defined]
        return function

    return declare


class Encoding(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of every op that returns a picture; an op may declare either itself, to change its default."""

    format: Annotated[Format, Bounds(description="Format of the result; without it, that of the input")] | None = None
    quality: (
        Annotated[int, Bounds(ge=1, le=100, description="Lossy quality; without it, a good one for the format")] | None
    ) = None


def params_type(function: Callable[..., Any]) -> type[msgspec.Struct]:
    """The struct that an op's keyword parameters form; it validates, and it gives the schema."""
    hints = typing.get_type_hints(function, include_extras=True)
    fields: dict[str, tuple[Any, ...]] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is not parameter.KEYWORD_ONLY:
            raise OpDeclarationError(f"{function.__name__}: parameter '{parameter.name}' must come after a '*'")
        if parameter.name not in hints:
            raise OpDeclarationError(f"{function.__name__}: parameter '{parameter.name}' needs a type")
        default = () if parameter.default is parameter.empty else (parameter.default,)
        fields[parameter.name] = (parameter.name, hints[parameter.name], *default)
    if returns_picture(function):
        for field in msgspec.structs.fields(Encoding):
            fields.setdefault(field.name, (field.name, field.type, field.default))
    return msgspec.defstruct(
        function.__name__, list(fields.values()), frozen=True, kw_only=True, forbid_unknown_fields=True
    )


def returns_picture(function: Callable[..., Any]) -> bool:
    """True when the op's result goes to the results bucket as a picture."""
    return is_image(typing.get_type_hints(function).get("return"))


def is_image(annotation: Any) -> bool:
    """True for `PIL.Image.Image`, told by name so that nobody but an op imports Pillow."""
    return getattr(annotation, "__module__", "") == "PIL.Image" and annotation.__name__ == "Image"


def describe(function: Callable[..., Any]) -> OpCard:
    """Read an op's card off its declaration, or say what is wrong with it."""
    name = function.__name__
    if not isinstance(getattr(function, "compute", None), Compute):
        raise OpDeclarationError(f"{name}: the function needs the @op(…) decorator")
    summary = (inspect.getdoc(function) or "").split("\n")[0].strip()
    if not summary:
        raise OpDeclarationError(f"{name}: the docstring's first line is what people read; write one")
    parameters = list(inspect.signature(function).parameters)
    hints = typing.get_type_hints(function, include_extras=True)
    if not parameters or parameters[0] not in hints or "return" not in hints:
        raise OpDeclarationError(f"{name}: annotate the first parameter and the return value")
    takes, schema = _input(hints[parameters[0]])
    return OpCard(
        name=name,
        summary=summary,
        takes=takes,
        returns="picture" if returns_picture(function) else "value",
        input=schema,
        params=_schema(params_type(function)),
        compute=function.compute,  # type: ignore[attr-defined]
    )


def is_address(text: str) -> bool:
    """Whether a picture's name is a web address, and not a key."""
    return re.match(_ADDRESS, text) is not None


def _input(annotation: Any) -> tuple[Any, dict[str, Any]]:
    if annotation is Picture or is_image(annotation):
        return "picture", {
            "type": "string",
            "minLength": 1,
            "maxLength": 1024,
            "description": "Key of a picture in the uploads bucket, or its http or https address",
        }
    schema = _schema(annotation)
    if annotation == Url:
        return "url", schema
    if schema.get("type") == "string":
        return "text", schema
    if schema.get("type") == "array" and schema.get("items", {}).get("type") in {"number", "integer"}:
        return "numbers", schema
    return "json", schema


def _schema(annotation: Any) -> dict[str, Any]:
    """JSON Schema with the top-level reference resolved and nothing but what a form or a validator needs."""
    schema = msgspec.json.schema(annotation)
    definitions = schema.pop("$defs", {})
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    schema.pop("title", None)
    return schema
