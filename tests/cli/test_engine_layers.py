"""The engine unpacks a layer once, and gives each process a link to it."""

import tempfile
import zipfile
from pathlib import Path

import pytest

from umbel.engine_server.layers import SharedZip


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The engine's temporary folder."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def packed(file: Path, content: str) -> Path:
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("python/module.py", content)
    return file


def unpacked(file: Path, folder: Path) -> Path:
    """Unpack as the engine does, into a folder that it made."""
    folder.mkdir(parents=True)
    with SharedZip(file) as opened:
        opened.extractall(folder)
    return folder


def test_two_processes_share_one_copy_of_a_layer(tmp_path: Path, scratch: Path) -> None:
    layer = packed(tmp_path / "layer.zip", "x = 1\n")
    first, second = (unpacked(layer, tmp_path / process / "layer_0") for process in ("a", "b"))
    assert (first / "python" / "module.py").read_text() == "x = 1\n"
    assert first.resolve() == second.resolve()
    assert list(scratch.iterdir()) == [first.resolve()]


def test_a_changed_layer_is_another_one(tmp_path: Path) -> None:
    old = unpacked(packed(tmp_path / "old.zip", "x = 1\n"), tmp_path / "a" / "layer_0")
    new = unpacked(packed(tmp_path / "new.zip", "x = 2\n"), tmp_path / "b" / "layer_0")
    assert (old / "python" / "module.py").read_text() == "x = 1\n"
    assert (new / "python" / "module.py").read_text() == "x = 2\n"


def test_a_functions_own_code_is_unpacked_for_each_process(tmp_path: Path, scratch: Path) -> None:
    code = unpacked(packed(tmp_path / "code.zip", "x = 1\n"), tmp_path / "a" / "code")
    assert not code.is_symlink()
    assert (code / "python" / "module.py").exists()
    assert list(scratch.iterdir()) == []
