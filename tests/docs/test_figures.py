"""The table of measured figures in docs/performance.md is made from what was kept."""

from importlib import import_module

import pytest

from bench import figures


def test_the_page_shows_the_figures_that_were_kept() -> None:
    text = figures.PAGE.read_text(encoding="utf-8")
    assert figures.page(text) == text, "python -m bench NAME --write"


@pytest.mark.parametrize("name", figures.FIGURES)
def test_each_figure_has_a_command_that_measures_it(name: str) -> None:
    command = figures.FIGURES[name].command
    assert import_module(f"bench.{command}").main
