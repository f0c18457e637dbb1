"""Tests of the example programs of docs/client.md: the document has them as they are, and they work."""

import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.docs.reading import blocks
from tests.pipeline.deployment import Deployed
from umbel.paths import ROOT
from umbel.toolchain import VENV

EXAMPLES = tuple(ROOT / "examples" / f"{name}.py" for name in ("upload_folder", "map_strings", "make_avatar"))


def _run(example: Path, *arguments: Path) -> list[str]:
    """Run a program as a user does, in a shell in which the command line finds the tests' deployment."""
    command = [VENV / "bin" / "python", example, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout.splitlines()


def test_the_document_has_the_examples_as_they_are() -> None:
    assert blocks(ROOT / "docs" / "client.md", "python") == [example.read_text() for example in EXAMPLES]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_has_ten_lines_at_most(example: Path) -> None:
    assert len([line for line in example.read_text().splitlines() if line.strip()]) <= 10


@pytest.mark.engine
def test_a_folder_is_uploaded_and_every_variant_is_saved(
    deployed: Deployed, photos: dict[str, bytes], tmp_path: Path
) -> None:
    names = ("cat.jpg", "coffee.jpg", "cat-alpha.png")
    (tmp_path / "pictures").mkdir()
    for name in names:
        (tmp_path / "pictures" / name).write_bytes(photos[name])
    printed = _run(EXAMPLES[0], tmp_path / "pictures", tmp_path / "variants")
    assert sorted(line.split()[0] for line in printed) == sorted(names)
    saved = {path.name: Image.open(path).size for path in (tmp_path / "variants").iterdir()}
    stems = [Path(name).stem for name in names]
    variants = ("blur", "grayscale", "rotate90", "thumbnail")
    assert {Path(name).stem for name in saved} == {f"{stem}-{variant}" for stem in stems for variant in variants}
    assert saved["cat-rotate90.jpg"] == saved["cat-blur.jpg"][::-1]
    assert max(saved["coffee-thumbnail.jpg"]) == 256


@pytest.mark.engine
def test_an_avatar_is_made_and_saved(deployed: Deployed, photos: dict[str, bytes], tmp_path: Path) -> None:
    photo, avatar = tmp_path / "cat.jpg", tmp_path / "avatar.jpg"
    photo.write_bytes(photos["cat.jpg"])
    assert _run(EXAMPLES[2], photo, avatar) == ["jpeg 256 256 []"]
    assert Image.open(avatar).size == (256, 256)


@pytest.mark.engine
def test_ten_thousand_strings_are_mapped_in_order(deployed: Deployed) -> None:
    assert _run(EXAMPLES[1]) == [f"STRING {number}" for number in range(10_000)]
