"""What an op's file may not do."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.ops.running import CATALOGUE, OPS

ALLOWED = {"PIL", "umbel_core.op", "umbel_core.errors", "umbel_fetching", "umbel_imaging"}
"""What every op may import, besides the packages that it names in `needs`."""
IMPURE = {"asyncio", "http", "logging", "os", "pathlib", "shutil", "socket", "subprocess", "tempfile", "urllib"}


@pytest.mark.parametrize("path", sorted(OPS.glob("*.py")), ids=lambda path: path.stem)
def test_an_op_knows_nothing_but_its_work(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or ".")
    pure = (sys.stdlib_module_names - IMPURE) | ALLOWED | _modules_of(CATALOGUE[path.stem].compute.needs)
    assert not [name for name in imported if name not in pure and name.split(".")[0] not in pure - {"umbel_core"}]


@pytest.mark.parametrize("path", sorted(OPS.glob("*.py")), ids=lambda path: path.stem)
def test_an_op_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 60


def _modules_of(packages: tuple[str, ...]) -> set[str]:
    """The modules that packages bring: their names are not always the same."""
    return {
        module for module, found in packages_distributions().items() if {name.lower() for name in found} & {*packages}
    }
