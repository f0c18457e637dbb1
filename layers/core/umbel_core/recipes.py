"""Recipes: named sets of variants, read from a TOML file and deployed with the functions as data."""

import tomllib
from pathlib import Path
from typing import Any, get_args

import msgspec

from umbel_core.catalogue import Catalogue
from umbel_core.contract.requests import MOST_IN_FLIGHT, Priority
from umbel_core.errors import Rejected
from umbel_core.ids import JOB_ID, UPLOADS_PREFIX
from umbel_core.messages import LIVE
from umbel_core.validation import hint_at

DEFAULT = "default"


class RecipeVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One variant of a recipe: an op with its parameters."""

    op: str
    params: dict[str, Any] = {}
    priority: Priority = LIVE
    max_in_flight: int | None = None
    fuse: bool = False
    """Whether all variants of a picture are made by one worker, which decodes it once. These three are the recipe's."""


Recipes = dict[str, dict[str, RecipeVariant]]
"""Recipe name -> variant name -> variant."""


class RecipeError(Exception):
    """Raised for a recipe that cannot be deployed; the message names the file, the key and the reason."""


def read_recipes(path: Path, catalogue: Catalogue) -> Recipes:
    """Read the recipes from a file; raise `RecipeError` when one is wrong."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path.name}: {error}") from error
    recipes = {name: _recipe(path.name, name, variants, catalogue) for name, variants in tables.items()}
    if DEFAULT not in recipes:
        raise RecipeError(f"{path.name}: there must be a recipe named '{DEFAULT}'; pictures in {UPLOADS_PREFIX} use it")
    return recipes


def _recipe(file: str, name: str, variants: Any, catalogue: Catalogue) -> dict[str, RecipeVariant]:
    if not _is_name(name) or JOB_ID.fullmatch(name):
        raise RecipeError(f"{file}: [{name}]: a recipe's name has 1 to 64 letters, digits, '-' or '_'")
    tables = dict(variants) if isinstance(variants, dict) else {}
    said, fuse = _setting(tables, "priority", LIVE), _setting(tables, "fuse", default=False)
    in_flight = _setting(tables, "max_in_flight", None)
    if not tables:
        raise RecipeError(f"{file}: [{name}]: a recipe needs at least one variant, written as [{name}.<variant>]")
    if said not in get_args(Priority):
        raise RecipeError(
            f"{file}: [{name}]: priority: it is {' or '.join(map(repr, get_args(Priority)))}, not {said!r}"
        )
    if in_flight is not None and (type(in_flight) is not int or not 1 <= in_flight <= MOST_IN_FLIGHT):
        raise RecipeError(
            f"{file}: [{name}]: max_in_flight: it is a number from 1 to {MOST_IN_FLIGHT:,}, not {in_flight!r}"
        )
    if not isinstance(fuse, bool):
        raise RecipeError(f"{file}: [{name}]: fuse: it is true or false, not {fuse!r}")
    recipe = RecipeVariant("", {}, said, in_flight, fuse)
    found = {
        variant: _variant(f"{file}: [{name}.{variant}]", variant, keys, catalogue, recipe)
        for variant, keys in tables.items()
    }
    for variant, read in found.items():
        if fuse and read.op in catalogue.ordered:
            raise RecipeError(
                f"{file}: [{name}.{variant}]: op: '{read.op}' runs its tasks in order, in a queue of its own, so its "
                f"recipe cannot be fused; leave out `fuse` below [{name}]"
            )
    return found


def _setting(tables: dict[str, Any], name: str, default: Any) -> Any:
    """Take a setting of the recipe out of its tables. A table is a variant that has this name."""
    return default if isinstance(tables.get(name, {}), dict) else tables.pop(name)


def _variant(location: str, name: str, keys: Any, catalogue: Catalogue, recipe: RecipeVariant) -> RecipeVariant:
    if not isinstance(keys, dict):
        raise RecipeError(f"{location}: a variant is a table; write its keys below [{name}]")
    if not _is_name(name):
        raise RecipeError(f"{location}: a variant's name has 1 to 64 letters, digits, '-' or '_'")
    params = dict(keys)
    op = params.pop("op", name)
    card = catalogue.get(op) if isinstance(op, str) else None
    if op in catalogue.left_out:
        raise RecipeError(f"{location}: op: '{op}' is not deployed here: `leave_out` in cdk.json names it")
    if card is None:
        raise RecipeError(f"{location}: op: there is no op '{op}'; {hint_at(str(op), catalogue, 'the ops are')}")
    if card.carrier != "file":
        raise RecipeError(f"{location}: op: '{op}' takes {card.takes}, not a file that is uploaded")
    try:
        catalogue.check_params(op, params)
    except Rejected as error:
        raise RecipeError(f"{location}: {error.sentence}") from error
    return msgspec.structs.replace(recipe, op=op, params=params)


def recipe_of(key: str, recipes: Recipes) -> str:
    """Return the recipe in a picture's key, `uploads/<recipe>/…`; the default when there is no such recipe."""
    first, slash, _ = key.removeprefix(UPLOADS_PREFIX).partition("/")
    return first if slash and first in recipes else DEFAULT


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 64 and name.isascii() and name.replace("-", "a").replace("_", "a").isalnum()
