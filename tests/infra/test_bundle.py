"""What is uploaded is small, compiled, and all that a function needs."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from infra import bundle
from infra.function import FUNCTIONS
from infra.lanes import layers_of
from infra.packages import packages_of
from infra.site import built
from infra.target import AWS, Target, read_target
from tests.infra.synthesis import OPS
from umbel import stamps, toolchain
from umbel_core.catalogue import read_ops

LOCAL = read_target({"target": "local"}.get)
LAYERS = sorted(path.parent.name for path in Path("layers").glob("*/layer.toml"))
ROLES = sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py") if path.parent.name != "worker")
OPS_HERE = read_ops(OPS)
LIMIT = 60_000_000


@pytest.fixture(scope="module", params=[AWS, LOCAL], ids=lambda target: target.name)
def target(request: pytest.FixtureRequest) -> Target:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_under_sixty_megabytes(name: str, target: Target) -> None:
    files = [path for path in bundle.layer(name, target).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LIMIT


def test_the_decoders_of_left_out_formats_are_not_in_their_layer() -> None:
    modules = {"heic": "_pi_heif*", "jxl": "pillow_jxl"}
    whole, without = bundle.layer("imaging", LOCAL), bundle.layer("imaging", LOCAL, ["heic", "jxl"])
    for module in modules.values():
        assert list((whole / "python").glob(module))
        assert not list((without / "python").glob(module))
    assert {path.name for path in (without / "python").iterdir() if "PIL" in path.name}
    assert list((bundle.layer("imaging", LOCAL, ["jxl"]) / "python").glob(modules["heic"]))


def test_each_package_in_a_layer_comes_with_its_licence(target: Target) -> None:
    for folder in (bundle.layer("imaging", target) / "python").glob("*.dist-info"):
        assert list(folder.rglob("*LICEN[CS]E*")), folder.name


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


def _everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Name -> mode and bytes of all that lies in a folder."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mode & 0o777, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


def _made_under(umask: int, build: Path, make: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundle, "BUILD", build)
    before = os.umask(umask)
    try:
        return make()
    finally:
        os.umask(before)


def _relay() -> Path:
    return bundle.code("relay", [FUNCTIONS / "relay", OPS / "resize.py"], {"catalogue.json": b"[]"}, LOCAL)


MADE: dict[str, Callable[[], Path]] = {
    **{name: partial(bundle.layer, name, LOCAL) for name in LAYERS},
    "packages": partial(bundle.packages_layer, ["segno"], LOCAL),
    "relay": _relay,
}


@pytest.mark.parametrize("name", MADE)
def test_a_bundle_is_the_same_wherever_and_under_whatever_umask_it_is_made(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_to_all = _made_under(0o022, tmp_path / "a", MADE[name], monkeypatch)
    closed = _made_under(0o077, tmp_path / "another folder", MADE[name], monkeypatch)
    first, second = _everything(open_to_all), _everything(closed)
    assert any(path.endswith(".pyc") for path in first)
    assert [path for path in first if first[path] != second.get(path)] == []
    assert first.keys() == second.keys()
    assert {mode for mode, _ in first.values()} == {0o644, 0o755}
    assert {mode for path, (mode, _) in first.items() if (open_to_all / path).is_file()} == {0o644}
    assert bundle.fingerprint(open_to_all) == bundle.fingerprint(closed)


def test_a_finished_bundle_with_other_modes_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = _made_under(0o022, tmp_path, _relay, monkeypatch)
    before = bundle.fingerprint(made)
    (made / "relay" / "handler.py").chmod(0o600)
    assert bundle.fingerprint(made) != before
    assert _relay() == made
    assert bundle.fingerprint(made) == before


def test_code_that_does_not_compile_is_refused_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "BUILD", tmp_path / "build")
    package = tmp_path / "broken"
    package.mkdir()
    (package / "handler.py").write_text("def handle(:\n")
    with pytest.raises(bundle.BundleError, match=r"does not compile:\n(?s:.*)broken/handler.py"):
        bundle.code("broken", [package], {}, LOCAL)


def test_a_package_is_kept_with_its_hashes_and_without_its_neighbours() -> None:
    locked = "attrs==1 \\\n    --hash=sha256:a\nchalice==2 \\\n    --hash=sha256:b \\\n    --hash=sha256:c\n"
    assert bundle._only(locked, ["chalice"]) == "chalice==2 \\\n    --hash=sha256:b \\\n    --hash=sha256:c\n"
    assert bundle._only(locked, None) == locked


@pytest.mark.parametrize("said", ["exit 127", "echo 3.9", "exec sleep 0"])
def test_an_interpreter_that_does_not_answer_with_its_version_is_not_taken(tmp_path: Path, said: str) -> None:
    shim = tmp_path / "python3.13"
    shim.write_text(f"#!/bin/sh\n{said}\n")
    shim.chmod(0o755)
    assert not bundle._is_version(str(shim), "3.13")
    assert bundle._is_version(sys.executable, f"{sys.version_info.major}.{sys.version_info.minor}")


def alone(module: str, code: Path, *layers: str, packages: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Import a module with nothing in reach but its bundle and its layers, as Lambda would."""
    folders = [bundle.layer(name, LOCAL) for name in layers]
    if packages:
        folders.append(bundle.packages_layer(packages, LOCAL))
    reach = [str(code), *(str(folder / "python") for folder in folders)]
    script = f"import sys; sys.path[:0] = {reach!r}; import {module}"
    environment: dict[str, Any] = {"PATH": os.environ["PATH"], "POWERTOOLS_TRACE_DISABLED": "1"}
    command = [sys.executable, "-S", "-I", "-B", "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("role", ROLES)
def test_a_function_finds_all_that_it_imports(role: str) -> None:
    done = alone(f"{role}.handler", bundle.code(role, [FUNCTIONS / role], {}, LOCAL), "core")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("role", [*ROLES, "worker"])
def test_a_function_imports_no_library_that_it_does_not_use(role: str) -> None:
    code = bundle.code(role, [FUNCTIONS / role], {}, LOCAL)
    unused = {"boto3", "s3transfer", "multiprocessing", "asyncio"}
    done = alone(f"{role}.handler; print({unused} & set(sys.modules))", code, "core")
    assert done.stdout == "set()\n", done.stderr


def test_the_api_finds_all_that_it_imports() -> None:
    code = bundle.code("api", [FUNCTIONS / "api"], {}, LOCAL)
    done = alone("api.app", code, "core", "http")
    assert done.returncode == 0, done.stderr


def test_the_api_finds_what_it_imports_for_metrics_alone() -> None:
    code = bundle.code("api", [FUNCTIONS / "api"], {}, LOCAL)
    done = alone("api.prometheus, prometheus_client.core", code, "core", "http")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("op", OPS_HERE)
def test_a_worker_finds_all_that_its_op_imports(op: str) -> None:
    code = bundle.code(f"op-{op}", [FUNCTIONS / "worker", OPS / f"{op}.py"], {}, LOCAL)
    layers = layers_of(OPS_HERE[op])
    done = alone(
        f"worker.handler, ops.{op}", code, *layers, packages=packages_of(OPS_HERE[op], OPS / f"{op}.py", layers)
    )
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


def test_a_folder_that_another_process_finishes_meanwhile_disturbs_no_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "BUILD", tmp_path)
    (tmp_path / "functions").mkdir()
    # Listed, and gone when it is looked at.
    (tmp_path / "functions" / ".other-local-0.1").symlink_to(tmp_path / "gone")
    assert bundle.code("sockets", [FUNCTIONS / "sockets"], {}, LOCAL).is_dir()


def test_the_page_is_built_once_whoever_asks_for_it_first() -> None:
    """`umbel up` asks before the synthesis, so that the page is a step of its own; the synthesis finds it there."""
    toolchain.page()
    stamp = stamps.STAMPS / "web-app"
    before = stamp.stat().st_mtime_ns
    built()
    subprocess.run([sys.executable, "-I", "-m", "umbel.toolchain", "page"], check=True)
    assert stamp.stat().st_mtime_ns == before
