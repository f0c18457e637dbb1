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
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from umbel_core.input_types import Carrier, Picture, Url, input_schema, input_type_of, is_image, schema_of
from umbel_core.lane_settings import Concurrency

__all__ = [
    "ADD_A_PACKAGE",
    "Bounds",
    "Compute",
    "Encoding",
    "Format",
    "OpCard",
    "OpDeclarationError",
    "Picture",
    "Url",
    "describe",
    "input_annotation",
    "op",
    "params_type",
    "returns_picture",
]

Bounds = msgspec.Meta
"""Limits and help of one parameter: `Annotated[int, Bounds(ge=1, le=16384, description="Pixels")]`."""

Format = Literal["jpeg", "png", "webp", "avif"]
"""The formats that a caller may ask for. Without one, a result keeps the format of its input."""

ADD_A_PACKAGE = ".venv/bin/uv add --no-sync --group ops {}, then make setup"
"""What makes a package of PyPI one that ops may need."""

F = TypeVar("F", bound=Callable[..., Any])


class Compute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one op's lane gets. `cdk.json`'s context overrides `concurrency` without touching code."""

    memory_mb: Annotated[int, Bounds(ge=128, le=10240)] = 512
    timeout_seconds: Annotated[int, Bounds(ge=1, le=900)] = 20
    concurrency: Concurrency = 4
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
    takes: str
    """Name of the input's type, one of `input_types.INPUT_TYPES`."""
    carrier: Carrier = "value"
    """How the input reaches the op."""
    media_types: tuple[str, ...] = ()
    """Of a file: the types that it may have."""
    returns: Literal["picture", "value"]
    input: dict[str, Any]
    """JSON Schema of the input. A file is named by its key in the uploads bucket or by its URL."""
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
    """Tell whether the op's result goes to the results bucket as a picture."""
    return is_image(typing.get_type_hints(function).get("return"))


def input_annotation(function: Callable[..., Any]) -> Any:
    """Return the annotation of an op's first parameter; None when it has none."""
    first = next(iter(inspect.signature(function).parameters), "")
    return typing.get_type_hints(function, include_extras=True).get(first)


def describe(function: Callable[..., Any]) -> OpCard:
    """Read an op's card off its declaration, or say what is wrong with it."""
    name = function.__name__
    if not isinstance(getattr(function, "compute", None), Compute):
        raise OpDeclarationError(f"{name}: the function needs the @op(…) decorator")
    summary = (inspect.getdoc(function) or "").split("\n")[0].strip()
    if not summary:
        raise OpDeclarationError(f"{name}: the docstring's first line is what people read; write one")
    annotation = input_annotation(function)
    if annotation is None or "return" not in typing.get_type_hints(function):
        raise OpDeclarationError(f"{name}: annotate the first parameter and the return value")
    takes = input_type_of(annotation)
    return OpCard(
        name=name,
        summary=summary,
        takes=takes.name,
        carrier=takes.carrier,
        media_types=takes.media_types,
        returns="picture" if returns_picture(function) else "value",
        input=input_schema(annotation),
        params=schema_of(params_type(function)),
        compute=function.compute,  # type: ignore[attr-defined]
    )
