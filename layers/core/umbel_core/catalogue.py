"""The ops as data: read from their files at synth and deployed with every function, which need not import the ops."""

import importlib.util
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any, get_args

import msgspec

from umbel_core.contract.requests import JobKind
from umbel_core.encoding import check_request
from umbel_core.errors import Path, Rejected
from umbel_core.fused_lane import FUSED, FusedLane
from umbel_core.input_types import ASSET
from umbel_core.op import ADD_A_PACKAGE, Compute, OpCard, OpDeclarationError, describe
from umbel_core.validation import Validator, check, compile_schema, hint_at


class _Packaged(msgspec.Struct):
    """A catalogue as it is deployed with a function."""

    ops: list[OpCard]
    fused: FusedLane | None


class Catalogue(Mapping[str, OpCard]):
    """The deployed ops by name. It checks inputs and parameters against the schemas of the ops."""

    def __init__(self, cards: list[OpCard], left_out: Collection[str] = (), fused: FusedLane | None = None) -> None:
        self._cards = {card.name: card for card in sorted(cards, key=lambda card: card.name)}
        self.left_out = left_out
        """The ops in the folder that this deployment does not have."""
        self.fused = fused
        """The lane of fused recipes; None when this deployment has none."""

    @classmethod
    def load(cls, path: FilePath) -> "Catalogue":
        """Read the catalogue from the file that is deployed with a function."""
        read = msgspec.json.decode(path.read_bytes(), type=_Packaged)
        return cls(read.ops, fused=read.fused)

    def dump(self) -> bytes:
        """Return the catalogue as JSON, for `load`."""
        packaged = _Packaged(list(self._cards.values()), self.fused)
        return msgspec.json.format(msgspec.json.encode(packaged), indent=1)

    def without(self, names: Collection[str]) -> "Catalogue":
        """Return the catalogue without these ops; raise `Rejected` when there is no op of a name."""
        for name in names:
            self._check_known(name, ())
        return Catalogue([card for name, card in self._cards.items() if name not in names], names)

    def with_assets(self, names: Collection[str]) -> "Catalogue":
        """Return the catalogue whose ops take these assets and no others; without any, they take none."""
        cards = [msgspec.structs.replace(card, params=_with_assets(card.params, names)) for card in self.values()]
        return Catalogue(cards, self.left_out)

    def with_fused(self, lane: FusedLane | None) -> "Catalogue":
        """Return the catalogue with the lane of fused recipes, if there is one."""
        return Catalogue(list(self.values()), self.left_out, lane)

    @cached_property
    def lanes(self) -> dict[str, Compute]:
        """The compute settings of each lane: that of each op, and that of fused recipes, if there is one."""
        own = {name: card.compute for name, card in self._cards.items()}
        return own | ({FUSED: self.fused.compute} if self.fused else {})

    @property
    def fused_ops(self) -> Collection[str]:
        """The names of the ops that the lane of fused recipes has."""
        return self.fused.ops if self.fused else ()

    def lane_of(self, op: str, *, fused: bool) -> str:
        """Return the name of the lane that runs a task of this op."""
        return FUSED if fused and op in self.fused_ops else op

    @cached_property
    def ordered(self) -> frozenset[str]:
        """The names of the ops whose groups run in order."""
        return frozenset(name for name, card in self._cards.items() if card.compute.ordered)

    def __getitem__(self, name: str) -> OpCard:
        return self._cards[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cards)

    def __len__(self) -> int:
        return len(self._cards)

    def serving(self, kind: str) -> str:
        """Return the name of the op that processes jobs of this kind; raise `Rejected` when none is deployed."""
        found = [name for name, card in self._cards.items() if card.compute.serves == kind]
        if not found:
            raise Rejected("unknown_op", f"No op that is deployed here serves a {kind}.")
        return found[0]

    @cached_property
    def _params(self) -> dict[str, Validator]:
        return _Compiled({name: card.params for name, card in self._cards.items()})

    @cached_property
    def _inputs(self) -> dict[str, Validator]:
        return _Compiled({name: card.input for name, card in self._cards.items()})

    def check(self, name: str, input: Any, params: dict[str, Any], path: Path = ()) -> None:  # noqa: A002 - the name in the contract
        """Raise `Rejected` unless the op is deployed here and accepts this input and these parameters.

        `path` is the position of the task in the request.
        """
        self._check_known(name, (*path, "op"))
        self.check_params(name, params, (*path, "params"))
        self.check_input(name, input, (*path, "input"))

    def check_params(self, name: str, params: dict[str, Any], path: Path = ()) -> None:
        """Raise `Rejected` unless the op is deployed here and accepts these parameters."""
        self._check_known(name, path)
        check(params, self._params[name], "invalid_params", path)
        if self[name].returns == "picture":
            check_request(params, path)

    def check_input(
        self,
        name: str,
        input: Any,  # noqa: A002 - the name in the contract
        path: Path = (),
        code: str = "invalid_input",
    ) -> None:
        """Raise `Rejected` unless the op is deployed here and accepts this input."""
        self._check_known(name, path)
        check(input, self._inputs[name], code, path)

    def _check_known(self, name: str, path: Path) -> None:
        if name not in self._cards:
            raise Rejected("unknown_op", f"There is no op '{name}'; {hint_at(name, self._cards, 'the ops are')}", path)


def asset_params(params: dict[str, Any]) -> list[str]:
    """Return the names of the parameters that name an asset."""
    return [name for name, schema in params.get("properties", {}).items() if _asset_schema(schema)]


def _asset_schema(schema: dict[str, Any]) -> dict[str, Any] | None:
    return next((each for each in schema.get("anyOf", [schema]) if each.get("format") == ASSET), None)


def _with_assets(params: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    found = asset_params(params)
    params = deepcopy(params)
    for name in found:
        if not names:
            del params["properties"][name]
        elif schema := _asset_schema(params["properties"][name]):
            schema["enum"] = sorted(names)
    return params


class _Compiled(dict[str, Validator]):
    """The validator of each op, compiled at its first use."""

    def __init__(self, schemas: dict[str, dict[str, Any]]) -> None:
        super().__init__()
        self._schemas = schemas

    def __missing__(self, name: str) -> Validator:
        self[name] = compile_schema(self._schemas[name])
        return self[name]


def load_op(folder: FilePath, name: str) -> Callable[..., Any]:
    """Import the op's function from its file. Only its worker and the synth do this."""
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
        advice = f"if it is in a PyPI package: {ADD_A_PACKAGE.format('<package>')}"
        raise OpDeclarationError(f"there is no module '{error.name}' here; {advice}") from error
    except (SyntaxError, ImportError, NameError) as error:
        raise OpDeclarationError(f"the file cannot be imported: {error}") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise OpDeclarationError(f"{path}: the file must define a function named '{name}'")
    return function  # type: ignore[no-any-return]


def read_ops(folder: FilePath) -> Catalogue:
    """Return the catalogue of all ops in a folder; each file is one op."""
    cards: list[OpCard] = []
    serving: dict[str, str] = {}
    for path in sorted(folder.glob("[a-z]*.py")):
        try:
            card = describe(load_op(folder, path.stem))
        except OpDeclarationError as error:
            raise OpDeclarationError(f"{path.name}: {error}") from error
        kind = card.compute.serves
        if kind and kind not in get_args(JobKind):
            kinds = ", ".join(get_args(JobKind))
            raise OpDeclarationError(f"{path.name}: serves '{kind}', which is no kind of job; the kinds are {kinds}")
        if kind and serving.setdefault(kind, card.name) != card.name:
            raise OpDeclarationError(f"{path.name}: '{serving[kind]}' serves a {kind} already; only one op may")
        cards.append(card)
    return Catalogue(cards)
