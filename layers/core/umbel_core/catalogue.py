"""The ops as data: read off their files at synth, packed with every function, imported by none."""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Union

import msgspec

from umbel_core.errors import Rejected
from umbel_core.op import ADD_A_PACKAGE, OpCard, OpDeclarationError, describe
from umbel_core.validation import convert

_SCALARS: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": None,
    "object": dict,
}
_LIMITS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
    "pattern": "pattern",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
}


class Catalogue(Mapping[str, OpCard]):
    """The deployed ops by name, able to check an input and parameters against an op's schema."""

    def __init__(self, cards: list[OpCard]) -> None:
        self._cards = {card.name: card for card in sorted(cards, key=lambda card: card.name)}

    @classmethod
    def load(cls, path: Path) -> "Catalogue":
        """Read the catalogue that the deployment packed beside a function."""
        return cls(msgspec.json.decode(path.read_bytes(), type=list[OpCard]))

    def dump(self) -> bytes:
        """The catalogue as JSON, for `load`."""
        return msgspec.json.format(msgspec.json.encode(list(self._cards.values())), indent=1)

    @cached_property
    def ordered(self) -> frozenset[str]:
        """Names of the ops whose groups run in order."""
        return frozenset(name for name, card in self._cards.items() if card.compute.ordered)

    def __getitem__(self, name: str) -> OpCard:
        return self._cards[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cards)

    def __len__(self) -> int:
        return len(self._cards)

    def serving(self, kind: str) -> str:
        """The op that jobs of this kind are made of."""
        found = [name for name, card in self._cards.items() if card.compute.serves == kind]
        if not found:
            raise Rejected("unknown_op", f"$: no op that is deployed here serves a {kind}")
        return found[0]

    @cached_property
    def _params(self) -> dict[str, type[msgspec.Struct]]:
        return {name: _struct(name, card.params) for name, card in self._cards.items()}

    @cached_property
    def _inputs(self) -> dict[str, Any]:
        return {name: _type(card.input) for name, card in self._cards.items()}

    def check(self, name: str, input: Any, params: dict[str, Any], path: str = "$") -> None:  # noqa: A002 - the contract's word
        """Raise `Rejected` unless `name` is deployed here and takes this input and these parameters.

        `path` says where in the caller's document the task stands, so that the sentence can point at it.
        """
        self._known(name, f"{path}.op")
        self.check_params(name, params, f"{path}.params")
        self.check_input(name, input, f"{path}.input")

    def check_params(self, name: str, params: dict[str, Any], path: str = "$") -> None:
        """Raise `Rejected` unless the op is deployed here and takes these parameters."""
        self._known(name, path)
        convert(params, self._params[name], "invalid_params", path)

    def check_input(self, name: str, input: Any, path: str = "$") -> None:  # noqa: A002 - the contract's word
        """Raise `Rejected` unless the op is deployed here and takes this input."""
        self._known(name, path)
        convert(input, self._inputs[name], "invalid_input", path)

    def _known(self, name: str, path: str) -> None:
        if name not in self._cards:
            ops = ", ".join(self._cards)
            raise Rejected("unknown_op", f"{path}: there is no op '{name}' here; the ops are {ops}")


def load_op(folder: Path, name: str) -> Callable[..., Any]:
    """Import the op's function from its file. Only its worker and the synthesis do this."""
    path = folder / f"{name}.py"
    module_name = f"ops.{name}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise OpDeclarationError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        advice = f"when it is in a package of PyPI, {ADD_A_PACKAGE.format('<package>')}"
        raise OpDeclarationError(f"there is no module '{error.name}' here; {advice}") from error
    except (SyntaxError, ImportError, NameError) as error:
        raise OpDeclarationError(f"the file cannot be imported: {error}") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise OpDeclarationError(f"{path}: the file must define a function named '{name}'")
    return function  # type: ignore[no-any-return]


def read_ops(folder: Path) -> Catalogue:
    """Build the catalogue from a folder of op files: the folder is the registry."""
    cards: list[OpCard] = []
    serving: dict[str, str] = {}
    for path in sorted(folder.glob("[a-z]*.py")):
        try:
            card = describe(load_op(folder, path.stem))
        except OpDeclarationError as error:
            raise OpDeclarationError(f"{path.name}: {error}") from error
        kind = card.compute.serves
        if kind and serving.setdefault(kind, card.name) != card.name:
            raise OpDeclarationError(f"{path.name}: '{serving[kind]}' serves a {kind} already; one op a kind")
        cards.append(card)
    return Catalogue(cards)


def _struct(name: str, schema: dict[str, Any]) -> type[msgspec.Struct]:
    required = set(schema.get("required", ()))
    fields: list[Any] = [
        (key, _type(value)) if key in required else (key, _type(value), value.get("default"))
        for key, value in schema.get("properties", {}).items()
    ]
    return msgspec.defstruct(name, fields, frozen=True, kw_only=True, forbid_unknown_fields=True)


def _type(schema: dict[str, Any]) -> Any:
    """The type that accepts what a schema accepts; the inverse of msgspec's own schema of an op's types."""
    if "anyOf" in schema:
        return Union[tuple(_type(choice) for choice in schema["anyOf"])]  # noqa: UP007 - built at run time
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    kind = schema.get("type")
    if kind is None:
        return Any
    base = list[_type(schema.get("items", {}))] if kind == "array" else _SCALARS[kind]  # type: ignore[misc]
    limits = {_LIMITS[key]: value for key, value in schema.items() if key in _LIMITS}
    return Annotated[base, msgspec.Meta(**limits)] if limits else base
