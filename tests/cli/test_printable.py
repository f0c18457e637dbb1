"""Nothing that the command line prints controls the terminal, wherever the text came from."""

import json
import sys
from collections.abc import Callable
from typing import Any

import click
import pytest

from umbel import cli, show
from umbel.errors import UmbelError

ESCAPES = ["\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\u202egpj.exe", "\u2066x\u2069", "\x7f", "\r", "\x00", "\ud800"]
"""Change the title, clear the screen, change the colour (in one byte, too), reverse what follows."""


def is_safe(text: str) -> bool:
    return not any(c.isprintable() is False and c not in "\n\t " for c in text)


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize(
    "write",
    [
        show.line,
        show.value,
        lambda text: show.value({text: text}),
        lambda text: show.dump({text: [text]}),
        lambda text: click.echo(show.text(text).plain),
        lambda text: click.echo(show.joined("a", text).plain),
    ],
)
def test_a_terminal_gets_no_control_characters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], write: Callable[[str], Any], escape: str
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    if escape == "\ud800":  # no JSON of the API has half a character; a file name may
        escape = "\x1b"
    write(f"a{escape}b")
    written = capsys.readouterr().out
    assert is_safe(written), ascii(written)
    assert written.lstrip('{\n ["')[0] == "a"


def test_a_file_name_that_is_not_text_is_shown_too() -> None:
    assert show.text("caf\udce9.jpg").plain == "caf .jpg"


def test_json_says_the_same_when_it_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"title": "a\x1b\x9b\u202e\n\tb"}
    show.dump(value)
    assert json.loads(capsys.readouterr().out) == value


def test_a_program_gets_the_text_of_a_result_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show.value("a\x1b[0mb\n")
    assert capsys.readouterr().out == "a\x1b[0mb\n\n"


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize("kind", [UmbelError, click.ClickException])
def test_an_error_line_has_no_control_characters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: type[Exception], escape: str
) -> None:
    def failing(**_: Any) -> None:
        raise kind(f"first{escape}\nsecond")

    monkeypatch.setattr(cli, "umbel", failing)
    with pytest.raises(SystemExit):
        cli.main()
    written = capsys.readouterr().err
    assert is_safe(written), ascii(written)
    assert written.endswith("second\n"), "its lines are kept"
