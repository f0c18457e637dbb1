"""docs/recipes.md shows recipes that hold, and the sentences about those that do not."""

from pathlib import Path

import pytest

from tests.docs.reading import ROOT, blocks
from umbel_core.catalogue import read_ops
from umbel_core.recipes import RecipeError, read_recipes

DOCUMENT = ROOT / "docs" / "recipes.md"
CATALOGUE = read_ops(ROOT / "functions" / "ops").with_assets(["logo.png"])
SHOWN = blocks(DOCUMENT, "")[0].splitlines()
WRONG = (
    '[default.thumbnail]\n[hero.large]\nop = "thumbnail"\nwidth = 20000\n',
    '[default.thumbnail]\n[hero.large]\nop = "thumb"\n',
    '[default.large]\nop = "resize"\nfit = "cover"\n',
    '[default.thumbnail]\n[hero.large]\nop = "thumbnail"\nformat = "png"\nquality = 80\n',
    '[default.thumbnail]\n[social.card]\nop = "watermark"\nimage = "lgo.png"\n',
    "[hero.thumbnail]\n",
)
"""Recipes with the errors that the document shows, in its order."""


def test_the_recipes_shown_hold(tmp_path: Path) -> None:
    path = tmp_path / "recipes.toml"
    path.write_text(blocks(DOCUMENT, "toml")[0])
    assert set(read_recipes(path, CATALOGUE)) == {"default", "hero", "avatar", "mail", "shop", "social"}


def test_the_readme_shows_lines_of_the_recipes_of_the_project() -> None:
    shown = [line for line in blocks(ROOT / "README.md", "toml")[0].splitlines() if not line.startswith("# …")]
    recipes = (ROOT / "recipes.toml").read_text().splitlines()
    assert not [line for line in shown if line not in recipes]
    assert {"avatar", "hero", "social"} < set(read_recipes(ROOT / "recipes.toml", CATALOGUE))


@pytest.mark.parametrize(("text", "shown"), list(zip(WRONG, SHOWN, strict=True)))
def test_an_error_is_the_sentence_shown(text: str, shown: str, tmp_path: Path) -> None:
    path = tmp_path / "recipes.toml"
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        read_recipes(path, CATALOGUE)
    assert f"umbel: {caught.value}".startswith(shown.removesuffix("…"))
