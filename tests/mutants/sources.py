"""The copy of the sources in which mutmut works."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from umbel.paths import ROOT

COPY = ROOT / ".build" / "mutants"
_IMPORTED_FROM = ("layers/core", "layers/fetching", "layers/imaging", "functions")
"""The folders whose packages are importable, and so lie at the top of the copy."""
_WHOLE = (
    "docs",
    "functions/ops",
    "infra",
    "layers/core/layer.toml",
    "pyproject.toml",
    "recipes.toml",
    "tests",
    "umbel",
)


def make_copy(modules: Sequence[str] = ()) -> Path:
    """Copy the sources, each package to the top level; delete the copy of an earlier run with its results.

    Only these modules and packages are mutated; without names all that `[tool.mutmut]` of pyproject.toml names.
    """
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    for name in _WHOLE:
        _copy(ROOT / name, COPY / name)
    for folder in _IMPORTED_FROM:
        for package in (ROOT / folder).iterdir():
            if (package / "__init__.py").exists():
                _copy(package, COPY / package.name)
    if modules:
        paths = [name.replace(".", "/") for name in modules]
        only = json.dumps([f"{path}{end}" for path in paths for end in (".py", "/*")])
        settings = COPY / "pyproject.toml"
        settings.write_text(settings.read_text().replace("[tool.mutmut]", f"[tool.mutmut]\nonly_mutate = {only}"))
    return COPY


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(source, target)
