"""Declare an op: the decorator, the types that its signature may use, and the card that is read from the signature.

An op is one file, `functions/ops/<name>.py`, with one function of the same name:

    @op(memory_mb=1769)
    def blur(picture: Image, *, radius: Annotated[float, Bounds(ge=0, le=100)] = 4.0) -> Image:
        \"\"\"Soften the picture.\"\"\"
        return picture.filter(ImageFilter.GaussianBlur(radius))

The first parameter says what the op takes, the keyword parameters with their bounds become its schema, the return
annotation says where the result is stored (a picture in the results bucket, anything else in the ledger).
"""

import inspect
import typing
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from umbel_core.encoding import Encoding, Format
from umbel_core.input_types import (
    Asset,
    AssetName,
    Carrier,
    Picture,
    Url,
    input_schema,
    input_type_of,
    is_asset,
    is_image,
    schema_of,
)
from umbel_core.lane_settings import Concurrency

__all__ = [
    "ADD_A_PACKAGE",
    "Asset",
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
"""Limits and description of one parameter: `Annotated[int, Bounds(ge=1, le=16384, description="Pixels")]`."""

ADD_A_PACKAGE = ".venv/bin/uv add --no-sync --group ops {}, then make setup"
"""The commands that add a PyPI package for use by ops."""

F = TypeVar("F", bound=Callable[..., Any])


class Compute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The compute settings of one op's lane. The context in `cdk.json` can override `concurrency`."""

    memory_mb: Annotated[int, Bounds(ge=128, le=10240)] = 512
    timeout_seconds: Annotated[int, Bounds(ge=1, le=900)] = 20
    concurrency: Concurrency = 4
    """Reserved concurrency: at most this many run at a time. 0 pauses the lane; its messages stay in the queue."""
    batch: Annotated[int, Bounds(ge=1, le=10)] = 4
    """The most messages that one invocation receives; it processes them one after another."""
    ordered: bool = False
    """True: tasks of one group run one after another, through a FIFO queue."""
    effects: bool = False
    """True: a run has effects outside, as a request to a host has. The worker asks the ledger before each run, so that
    a duplicate message does not run the op again; this costs a write a task.
    """
    serves: str | None = None
    """The kind of job whose images or pages this op processes."""
    needs: tuple[Annotated[str, Bounds(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")], ...] = ()
    """The PyPI packages that the op imports, in lower case. Its lane gets a layer with them."""


class OpCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The description of an op as data, read from its signature at synth. Only the worker imports the op itself."""

    name: str
    summary: str
    takes: str
    """The name of the input's type, one of `input_types.INPUT_TYPES`."""
    carrier: Carrier = "value"
    """How the input reaches the op."""
    media_types: tuple[str, ...] = ()
    """The media types that an input file may have."""
    returns: Literal["picture", "value"]
    input: dict[str, Any]
    """JSON Schema of the input. A file is named by its key in the uploads bucket or by its URL."""
    params: dict[str, Any]
    """JSON Schema of the parameters."""
    compute: Compute


class OpDeclarationError(Exception):
    """Raised for an op's file that breaks the rules above; the message names the file and the rule."""


def op(*, one_of: tuple[str, ...] = (), only_one: bool = False, **compute: Any) -> Callable[[F], F]:
    """Declare the decorated function as the op of its file. The other arguments are the fields of `Compute`.

    `one_of` names optional parameters of which a caller must give at least one; with `only_one`, exactly one of two.
    """

    def declare(function: F) -> F:
        try:
            settings = msgspec.convert(compute, Compute)
        except msgspec.ValidationError as error:
            raise OpDeclarationError(f"{function.__name__}: @op: {error}") from error
        function.compute = settings  # type: ignore[attr-defined]
        function.one_of, function.only_one = one_of, only_one  # type: ignore[attr-defined]
        return function

    return declare


def params_type(function: Callable[..., Any]) -> type[msgspec.Struct]:
    """Return a struct of the op's keyword parameters, for validation and for the JSON Schema."""
    hints = typing.get_type_hints(function, include_extras=True)
    fields: dict[str, tuple[Any, ...]] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is not parameter.KEYWORD_ONLY:
            raise OpDeclarationError(f"{function.__name__}: parameter '{parameter.name}' must come after a '*'")
        if parameter.name not in hints:
            raise OpDeclarationError(f"{function.__name__}: parameter '{parameter.name}' needs a type")
        default = () if parameter.default is parameter.empty else (parameter.default,)
        annotation = hints[parameter.name]
        if is_asset(annotation):
            annotation = AssetName | None if default == (None,) else AssetName
        fields[parameter.name] = (parameter.name, annotation, *default)
    if returns_picture(function):
        for field in msgspec.structs.fields(Encoding):
            fields.setdefault(field.name, (field.name, field.type, field.default))
    return msgspec.defstruct(
        function.__name__, list(fields.values()), frozen=True, kw_only=True, forbid_unknown_fields=True
    )


def returns_picture(function: Callable[..., Any]) -> bool:
    """Return whether the op's result is a picture, which is stored in the results bucket."""
    return is_image(typing.get_type_hints(function).get("return"))


@cache
def input_annotation(function: Callable[..., Any]) -> Any:
    """Return the annotation of an op's first parameter; None when it has none."""
    first = next(iter(inspect.signature(function).parameters), "")
    return typing.get_type_hints(function, include_extras=True).get(first)


def describe(function: Callable[..., Any]) -> OpCard:
    """Return an op's card, read from its declaration; raise `OpDeclarationError` when the declaration is wrong."""
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
        params=_params_schema(function),
        compute=function.compute,  # type: ignore[attr-defined]
    )


def _params_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the JSON Schema of the op's parameters; with `one_of`, it asks for one of these."""
    schema, one_of = schema_of(params_type(function)), function.one_of  # type: ignore[attr-defined]
    if unknown := [name for name in one_of if name not in schema["properties"]]:
        raise OpDeclarationError(f"{function.__name__}: @op: one_of: there is no parameter '{unknown[0]}'")
    if function.only_one:  # type: ignore[attr-defined]
        schema["not"] = {"required": list(one_of), "properties": {name: {"not": {"type": "null"}} for name in one_of}}
    return schema | ({"anyOf": [{"required": [name]} for name in one_of]} if one_of else {})
