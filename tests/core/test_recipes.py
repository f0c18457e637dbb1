"""Recipes are read from a file; one that cannot be deployed is refused with its key and the fix."""

from pathlib import Path

import msgspec
import pytest

from umbel_core.catalogue import Catalogue, read_ops
from umbel_core.op import Compute, OpCard
from umbel_core.recipes import RecipeError, RecipeVariant, read_recipes, recipe_of

CARD = OpCard(
    name="blur",
    summary="s",
    takes="picture",
    carrier="file",
    returns="picture",
    input={},
    params={},
    compute=Compute(timeout_seconds=30, batch=1),
)
CATALOGUE = read_ops(Path("functions/ops"))
LONGEST = "n" * 64


def written(folder: Path, text: str) -> Path:
    path = folder / "recipes.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_variant_is_named_after_its_op_or_names_its_op(tmp_path: Path) -> None:
    text = f"""
        # A comment of another language: größer
        [default.blur]
        [{LONGEST}.a-b_c9]
        op = "blur"
        radius = 3
    """
    assert read_recipes(written(tmp_path, text), CATALOGUE) == {
        "default": {"blur": RecipeVariant("blur", {})},
        LONGEST: {"a-b_c9": RecipeVariant("blur", {"radius": 3})},
    }


def test_a_recipe_may_limit_what_is_in_flight_and_a_variant_may_have_this_name(tmp_path: Path) -> None:
    text = '[default]\nmax_in_flight = 2\nblur = {}\n[odd.max_in_flight]\nop = "blur"\n'
    assert read_recipes(written(tmp_path, text), CATALOGUE) == {
        "default": {"blur": RecipeVariant("blur", max_in_flight=2)},
        "odd": {"max_in_flight": RecipeVariant("blur")},
    }


def test_a_recipe_may_be_bulk_and_a_variant_may_be_named_priority(tmp_path: Path) -> None:
    text = '[default.blur]\n[archive]\npriority = "bulk"\nblur = {}\n[odd.priority]\nop = "blur"\n'
    assert read_recipes(written(tmp_path, text), CATALOGUE) == {
        "default": {"blur": RecipeVariant("blur")},
        "archive": {"blur": RecipeVariant("blur", priority="bulk")},
        "odd": {"priority": RecipeVariant("blur")},
    }


def test_a_recipe_may_be_fused_and_a_variant_may_be_named_fuse(tmp_path: Path) -> None:
    text = '[default]\nfuse = true\nblur = {}\n[apart]\nfuse = false\nblur = {}\n[odd.fuse]\nop = "blur"\n'
    assert read_recipes(written(tmp_path, text), CATALOGUE) == {
        "default": {"blur": RecipeVariant("blur", fuse=True)},
        "apart": {"blur": RecipeVariant("blur")},
        "odd": {"fuse": RecipeVariant("blur")},
    }


def test_an_op_that_runs_in_order_cannot_be_in_a_fused_recipe(tmp_path: Path) -> None:
    compute = msgspec.structs.replace(CARD.compute, ordered=True)
    inorder = Catalogue([msgspec.structs.replace(CATALOGUE["blur"], compute=compute), CATALOGUE["flip"]])
    assert read_recipes(written(tmp_path, "[default.blur]\n"), inorder)["default"]["blur"].op == "blur"
    sentence = r"\[default\.blur\]: op: 'blur' runs its tasks in order, .* leave out `fuse` below \[default\]$"
    with pytest.raises(RecipeError, match=sentence):
        read_recipes(written(tmp_path, "[default]\nfuse = true\nflip = {}\nblur = {}\n"), inorder)


@pytest.mark.parametrize(
    ("key", "recipe"),
    [
        ("uploads/hero/cat.jpg", "hero"),
        ("uploads/hero/uploads/cat.jpg", "hero"),
        ("uploads/nobody/cat.jpg", "default"),
        ("uploads/hero", "default"),
        ("uploads/cat.jpg", "default"),
    ],
)
def test_the_first_folder_of_a_key_chooses_the_recipe(key: str, recipe: str) -> None:
    assert recipe_of(key, {"hero": {}, "default": {}}) == recipe


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[default.blur\n", r"recipes\.toml: .*line 1"),
        ("[hero.blur]\n", "there must be a recipe named 'default'"),
        ("default = 3\n", r"\[default\]: a recipe needs at least one variant"),
        ("[default]\n", r"\[default\]: a recipe needs at least one variant"),
        ("[default]\npriority = 'bulk'\n", r"\[default\]: a recipe needs at least one variant"),
        ("[default]\npriority = 'low'\nblur = {}\n", r"\[default\]: priority: it is 'live' or 'bulk', not 'low'$"),
        (
            "[default]\nmax_in_flight = 0\nblur = {}\n",
            r"\[default\]: max_in_flight: it is a number from 1 to 10,000, not 0$",
        ),
        (
            "[default]\nmax_in_flight = 10001\nblur = {}\n",
            r"max_in_flight: it is a number from 1 to 10,000, not 10001$",
        ),
        ("[default]\nmax_in_flight = true\nblur = {}\n", r"max_in_flight: it is a number from 1 to 10,000, not True$"),
        ("[default]\nfuse = 1\nblur = {}\n", r"\[default\]: fuse: it is true or false, not 1$"),
        ("[default]\nblur = 3\n", r"\[default\.blur\]: a variant is a table"),
        ('[default.blur]\n["he ro".blur]\n', r"\[he ro\]: a recipe's name has 1 to 64 letters"),
        ('[default."a/b"]\nop = "blur"\n', r"\[default\.a/b\]: a variant's name has 1 to 64 letters"),
        (f"[default.blur]\n[j{'0' * 20}.blur]\n", r"\]: a recipe's name"),
        ("[default.smudge]\n", r"\[default\.smudge\]: op: there is no op 'smudge'; the ops are .*blur"),
        ("[default.soft]\nop = 3\n", r"\[default\.soft\]: op: there is no op '3'"),
        ("[default.blur]\nradius = 101\n", r"\[default\.blur\]: radius must be from 0 to 100, not 101"),
        ("[default.blur]\nradius = 'wide'\n", r"\[default\.blur\]: radius must be a number, not 'wide'"),
        ("[default.blur]\nradios = 2\n", r"\[default\.blur\]: radios is not known; did you mean radius"),
        ("[default.resize]\nfit = 'cover'\n", r"\[default\.resize\]: width or height is missing"),
        (
            "[default.convert]\nformat = 'gif'\n",
            r"\[default\.convert\]: format must be one of auto, avif, jpeg, png, webp, not 'gif'",
        ),
        (f"[default.blur]\n[{LONGEST}n.blur]\n", r"n\]: a recipe's name has 1 to 64 letters, digits, '-' or '_'$"),
        ('[default.blur]\n["größer".blur]\n', r"\[größer\]: a recipe's name"),
        ('[default."".blur]\n', r"\[default\.\]: a variant's name has 1 to 64 letters, digits, '-' or '_'$"),
        ("[default.shout]\n", r"\[default\.shout\]: op: 'shout' takes text, not a file"),
    ],
)
def test_a_bad_recipe_is_refused_with_file_key_and_reason(tmp_path: Path, text: str, sentence: str) -> None:
    shout = msgspec.structs.replace(CARD, name="shout", takes="text", carrier="value", returns="value")
    with pytest.raises(RecipeError, match=sentence) as refusal:
        read_recipes(written(tmp_path, text), Catalogue([*CATALOGUE.values(), shout]))
    assert str(refusal.value).startswith("recipes.toml: ")
