"""What is uploaded is small, compiled, and all that a function needs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra import bundle
from infra.function import FUNCTIONS
from infra.lanes import LAYERS_FOR
from infra.target import AWS, Target, read_target
from tests.infra.synthesis import OPS
from umbel_core.catalogue import read_ops

LOCAL = read_target({"target": "local"}.get)
LAYERS = sorted(path.parent.name for path in Path("layers").glob("*/layer.toml"))
ROLES = sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py") if path.parent.name != "worker")
OPS_HERE = read_ops(OPS)
LIMIT = 30_000_000


@pytest.fixture(scope="module", params=[AWS, LOCAL], ids=lambda target: target.name)
def target(request: pytest.FixtureRequest) -> Target:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_under_thirty_megabytes(name: str, target: Target) -> None:
    files = [path for path in bundle.layer(name, target).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LIMIT


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_compiled_for_the_target(name: str) -> None:
    folder = bundle.layer(name, LOCAL)
    sources = [path for path in folder.rglob("*.py") if "lib2to3" not in path.parts]
    cached = f"cpython-{sys.version_info.major}{sys.version_info.minor}.pyc"
    missing = [path for path in sources if not (path.parent / "__pycache__" / f"{path.stem}.{cached}").exists()]
    assert sources
    assert not missing


def test_a_bundle_is_the_same_however_often_it_is_made() -> None:
    first = bundle.code("relay", [FUNCTIONS / "relay"], {}, LOCAL)
    assert bundle.code("relay", [FUNCTIONS / "relay"], {}, LOCAL) == first


def alone(module: str, code: Path, *layers: str) -> subprocess.CompletedProcess[str]:
    """Import a module with nothing in reach but its bundle and its layers, as Lambda would."""
    places = [code, *(bundle.layer(name, LOCAL) / "python" for name in layers)]
    script = f"import sys; sys.path[:0] = {[str(place) for place in places]!r}; import {module}"
    environment: dict[str, Any] = {"PATH": os.environ["PATH"], "POWERTOOLS_TRACE_DISABLED": "1"}
    command = [sys.executable, "-S", "-I", "-B", "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("role", ROLES)
def test_a_function_finds_all_that_it_imports(role: str) -> None:
    done = alone(f"{role}.handler", bundle.code(role, [FUNCTIONS / role], {}, LOCAL), "core")
    assert done.returncode == 0, done.stderr


def test_the_api_finds_all_that_it_imports() -> None:
    code = bundle.code("api", [FUNCTIONS / "api"], {}, LOCAL)
    done = alone("api.app", code, "core", "http")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("op", OPS_HERE)
def test_a_worker_finds_all_that_its_op_imports(op: str) -> None:
    code = bundle.code(f"op-{op}", [FUNCTIONS / "worker", OPS / f"{op}.py"], {}, LOCAL)
    done = alone(f"worker.handler, ops.{op}", code, "core", *LAYERS_FOR.get(OPS_HERE[op].takes, ()))
    assert done.returncode == 0, done.stderr


def test_two_builds_at_a_time_make_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "BUILD", tmp_path)
    compiled = bundle._compile

    def meanwhile(folder: Path, target: Target) -> None:
        monkeypatch.setattr(bundle, "_compile", compiled)
        monkeypatch.setattr(os, "getpid", lambda: 1)
        bundle.code("relay", [FUNCTIONS / "relay"], {}, LOCAL)
        compiled(folder, target)

    monkeypatch.setattr(bundle, "_compile", meanwhile)
    made = bundle.code("relay", [FUNCTIONS / "relay"], {}, LOCAL)
    assert list(made.parent.iterdir()) == [made]
    assert (made / "relay" / "handler.py").exists()
