"""Find the locked PyPI packages that an op declares in `needs`, with all their dependencies."""

import ast
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from infra.bundle import ROOT, BundleError
from umbel_core.op import ADD_A_PACKAGE, OpCard

Dependency = dict[str, Any]
"""A dependency in the lock file: `{name, extra?, marker?}`."""


def packages_of(card: OpCard, source: Path, layers: Iterable[str]) -> tuple[str, ...]:
    """Return the packages that the op's lane needs besides these layers; raise an error for a missing import."""
    present = frozenset[str]().union(*(_closure(_groups()[name]) for name in layers))
    needed = frozenset[str]().union(*(_closure([{"name": _locked(card.name, name)}]) for name in card.compute.needs))
    _check_imports(card.name, source, present | needed)
    return tuple(sorted(needed - present))


def _locked(op: str, name: str) -> str:
    if name in _lock():
        return name
    similar = get_close_matches(name, _lock(), 1)
    advice = f"did you mean '{similar[0]}'? If not, add it" if similar else "add it"
    raise BundleError(f"{op}.py: needs '{name}', which is not in uv.lock; {advice}: {ADD_A_PACKAGE.format(name)}")


def _check_imports(op: str, source: Path, reachable: Collection[str]) -> None:
    """Raise an error for an import whose package is in no layer of the lane; without it, only the lane would fail."""
    for module in _imported(source):
        packages = {_normalized(name) for name in _installed().get(module, ())}
        if packages and not packages & set(reachable):
            name = min(packages)
            raise BundleError(
                f"{op}.py imports {module}, which its lane would not have: declare @op(needs=('{name}',))"
            )


def _imported(source: Path) -> Iterator[str]:
    """Yield the top-level names of the modules that a file imports."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _closure(wanted: Iterable[Dependency]) -> frozenset[str]:
    """Return the names of these packages and of all their dependencies, on any platform."""
    waiting, seen = list(wanted), set[tuple[str, str]]()
    while waiting:
        dependency = waiting.pop()
        for extra in ("", *dependency.get("extra", ())):
            if (name := dependency["name"], extra) not in seen:
                seen.add((name, extra))
                waiting += _lock()[name].get(extra, ())
    return frozenset(name for name, _ in seen)


@cache
def _lock() -> dict[str, dict[str, list[Dependency]]]:
    """Return the dependencies of each locked package by extra; the empty name has those without an extra.

    A package that is locked in several versions, one for each Python, has the dependencies of all versions.
    """
    packages: dict[str, dict[str, list[Dependency]]] = {}
    for package in _read()["package"]:
        extras = packages.setdefault(package["name"], {})
        for extra, found in [("", package.get("dependencies", [])), *package.get("optional-dependencies", {}).items()]:
            extras.setdefault(extra, []).extend(found)
    return packages


@cache
def _groups() -> dict[str, list[Dependency]]:
    """Return the project's dependency groups; a layer has the name of its group."""
    (project,) = (package for package in _read()["package"] if "virtual" in package["source"])
    return dict(project["dev-dependencies"])


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))


_installed = cache(packages_distributions)
"""Return module -> the installed packages that contain it; the names can differ (PIL is in pillow)."""


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
