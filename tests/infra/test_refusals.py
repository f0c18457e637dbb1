"""What cannot be deployed is refused with a sentence that names the error and the fix."""

from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings, SettingsError, deployed_ops, read_settings
from umbel_core.catalogue import read_ops
from umbel_core.op import OpDeclarationError
from umbel_core.recipes import RecipeError, read_recipes


def settings(**context: Any) -> Settings:
    return read_settings(context)


def test_settings_come_from_the_file_or_as_text_from_the_command_line() -> None:
    assert settings(max_tasks="7", reserve="false", concurrency='{"blur": 2}') == Settings(
        max_tasks=7, reserve=False, concurrency={"blur": 2}
    )
    assert settings() == Settings()
    assert settings(alarm_email="you@example.org").alarm_email == "you@example.org"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("concurrency", {"blur": -1}, "concurrency.*>= 0"),
        ("concurrency", {"blur": 1001}, "concurrency.*<= 1000"),
        ("concurrency", {"blur": "many"}, "concurrency.*Expected `int`, got `str`"),
        ("concurrency", 4, "concurrency: Expected `object`, got `int`"),
        ("coordinators", 1, "coordinators.*>= 2"),
        ("coordinators", 1001, "coordinators.*<= 1000"),
        ("reserve", "perhaps", "reserve: Expected `bool`, got `str`"),
        ("max_upload_bytes", 1023, "max_upload_bytes.*>= 1024"),
        ("max_pixels", 1, "max_pixels.*>= 10000"),
        ("max_tasks", 0, "max_tasks.*>= 1"),
        ("max_tasks", 40_001, "max_tasks.*<= 40000"),
        ("retention_days", 0, "retention_days.*>= 1"),
        ("retention_days", 1.5, "retention_days"),
        ("user_agent", "", "user_agent"),
        ("user_agent", "umbel\r\nX-Forged: yes", "user_agent"),
        ("user_agent", "ümbel", "user_agent"),
        ("leave_out", ["blur"], "leave_out: Expected `object`, got `array`"),
        ("leave_out", {"gcp": ["blur"]}, "leave_out"),
        ("leave_out_formats", ["png"], "leave_out_formats"),
        ("allowed_origins", "*", "allowed_origins"),
        ("allowed_origins", ["*"], "allowed_origins"),
        ("allowed_origins", ["example.org"], "allowed_origins"),
        ("allowed_origins", ["https://example.org/"], "allowed_origins"),
    ],
)
def test_a_setting_out_of_bounds_is_refused_by_name(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(SettingsError, match=rf"cdk\.json context: {sentence}"):
        settings(**{name: value})


def test_an_unknown_setting_is_refused_with_what_was_meant() -> None:
    with pytest.raises(SettingsError, match=r"there is no setting 'max_task'; did you mean 'max_tasks'\?"):
        settings(max_task=3)
    with pytest.raises(SettingsError, match=r"there is no setting 'colour'; the settings are concurrency, .*"):
        settings(colour="red")
    assert settings(**{"@aws-cdk/core:x": True, "aws:cdk:y": 1, "cdk-migrate": True, "target": "local"}) == Settings()


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1", "must define a function named 'probe'"),
        ("def probe(text: str) -> str:\n    '''Say.'''", r"needs the @op\(…\) decorator"),
        ("@op()\ndef probe(text: str) -> str:\n    return text", "docstring's first line"),
        ("@op()\ndef probe(text) -> str:\n    '''Say.'''", "annotate the first parameter and the return value"),
        ("@op()\ndef probe(text: str):\n    '''Say.'''", "annotate the first parameter and the return value"),
        ("@op()\ndef probe() -> str:\n    '''Say.'''", "annotate the first parameter"),
        ("@op()\ndef probe(text: str, times: int = 1) -> str:\n    '''Say.'''", r"'times' must come after a '\*'"),
        ("@op()\ndef probe(text: str, *, times=1) -> str:\n    '''Say.'''", "'times' needs a type"),
        ("@op(memory=1)\ndef probe(text: str) -> str:\n    '''Say.'''", "@op: .*unknown field `memory`"),
        ("@op(one_of=('x',))\ndef probe(text: str) -> str:\n    '''Say.'''", "@op: one_of: there is no parameter 'x'"),
        ("@op(batch=11)\ndef probe(text: str) -> str:\n    '''Say.'''", "@op: .*<= 10.*batch"),
    ],
)
def test_a_bad_declaration_is_refused_with_file_and_rule(tmp_path: Path, source: str, sentence: str) -> None:
    (tmp_path / "probe.py").write_text(f"from umbel_core.op import op\n{source}\n")
    with pytest.raises(OpDeclarationError, match=sentence) as refusal:
        read_ops(tmp_path)
    assert "probe" in str(refusal.value)


def test_ops_are_left_out_of_one_target() -> None:
    ops, chosen = read_ops(Path("functions/ops")), settings(leave_out={"aws": ["blur", "sum"]})
    assert set(ops) - set(deployed_ops(ops, chosen, "aws")) == {"blur", "sum"}
    assert set(ops) == set(deployed_ops(ops, chosen, "local")) == set(deployed_ops(ops, settings(), "aws"))


def test_an_unknown_op_cannot_be_left_out() -> None:
    with pytest.raises(
        SettingsError, match=r"cdk\.json context: leave_out: There is no op 'blurr'; did you mean blur\?"
    ):
        deployed_ops(read_ops(Path("functions/ops")), settings(leave_out={"aws": ["blurr"]}), "aws")


def test_a_recipe_that_names_an_op_that_is_left_out_is_refused(tmp_path: Path) -> None:
    ops = deployed_ops(read_ops(Path("functions/ops")), settings(leave_out={"local": ["blur"]}), "local")
    (tmp_path / "recipes.toml").write_text("[default.blur]\n")
    expected = r"recipes\.toml: \[default\.blur\]: op: 'blur' is not deployed here: `leave_out` in cdk\.json names it"
    with pytest.raises(RecipeError, match=expected):
        read_recipes(tmp_path / "recipes.toml", ops)
