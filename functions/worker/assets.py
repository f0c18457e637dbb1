"""The name of an asset -> the picture in the folder `assets`, as the op takes it."""

import typing
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from umbel_core.errors import Rejected
from umbel_core.input_types import is_asset
from umbel_core.settings import Limits


def with_assets(function: Callable[..., Any], params: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the parameters with the assets themselves in place of their names."""
    names = _asset_params(function)
    return {
        name: _opened(folder, name, value) if name in names and value is not None else value
        for name, value in params.items()
    }


@cache
def _asset_params(function: Callable[..., Any]) -> frozenset[str]:
    hints = typing.get_type_hints(function)
    return frozenset(name for name, annotation in hints.items() if is_asset(annotation))


def _opened(folder: Path, param: str, name: str) -> Any:
    from worker.pictures import StoredPicture  # noqa: PLC0415 - only some lanes have the image libraries

    found = {path.name: path for path in folder.glob("*")}.get(name)
    if found is None:
        raise Rejected("invalid_params", f"params.{param}: there is no asset '{name}' in this deployment.")
    return StoredPicture(found.read_bytes(), Limits())
