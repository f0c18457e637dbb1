"""The pictures in the folder `assets` are checked at synth, packed for the ops that name them, and offered by name."""

import json
from pathlib import Path

import pytest
from PIL import Image

from infra.assets import AssetError, read_assets
from infra.function import ASSETS
from tests.infra.synthesis import OPS, stack_in
from tests.pictures.scene import saved
from umbel_core.catalogue import asset_params, read_ops
from umbel_core.recipes import RecipeError, read_recipes

CATALOGUE = read_ops(OPS)
PNG = saved(Image.new("RGB", (9, 9)), "PNG")


def test_the_assets_of_the_project_are_usable() -> None:
    assert "logo.png" in read_assets(ASSETS)


def test_a_deployment_without_the_folder_has_no_assets(tmp_path: Path) -> None:
    assert read_assets(tmp_path / "assets") == []


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("Logo.png", PNG, "assets/Logo.png: an asset is a file named as logo.png"),
        ("logo.svg", b"<svg/>", "assets/logo.svg: an asset is a file named as logo.png"),
        ("logo.png", b"no picture", "assets/logo.png: The file is not a picture"),
        ("logo.png", PNG[:45], "assets/logo.png: "),
        ("logo.png", PNG + bytes(1_000_000), "assets/logo.png: 1,000,0.. bytes; an asset has at most 1,000,000"),
        ("long.png", saved(Image.new("1", (4097, 1)), "PNG"), "4097 x 1 pixels; an asset has at most 4096 on a side"),
    ],
)
def test_a_file_that_is_no_usable_picture_is_refused(tmp_path: Path, name: str, data: bytes, sentence: str) -> None:
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / name).write_bytes(data)
    (folder / ".hidden").write_bytes(b"as file managers leave")
    with pytest.raises(AssetError, match=sentence):
        read_assets(folder)


def test_a_recipe_with_a_missing_asset_is_refused_with_the_list(tmp_path: Path) -> None:
    recipes = tmp_path / "recipes.toml"
    recipes.write_text('[default.watermark]\nimage = "lgo.png"\n')
    with pytest.raises(RecipeError, match=r"\[default\.watermark\]: image must be one of logo\.png, not 'lgo\.png'"):
        read_recipes(recipes, CATALOGUE.with_assets(["logo.png"]))


def test_only_the_ops_that_name_assets_get_the_folder(tmp_path: Path) -> None:
    app, stack = stack_in(str(tmp_path), "aws", OPS)
    app.synth()
    manifest = json.loads((tmp_path / f"{stack.artifact_id}.assets.json").read_text())
    packed = {Path(file["source"]["path"]) for file in manifest["files"].values()}
    folders = {folder.name.partition("-")[2].split("-")[0]: folder for folder in packed if folder.name[:3] == "op-"}
    assert folders.keys() == set(stack.catalogue)
    for op, folder in folders.items():
        assert (folder / "assets" / "logo.png").exists() == bool(asset_params(CATALOGUE[op].params)), op
