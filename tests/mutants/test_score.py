"""The score of mutants is read from what mutmut prints."""

from tests.mutants.score import Score

RESULTS = """\
    umbel_core.fold.x_fold__mutmut_1: killed
    umbel_core.fold.x_fold__mutmut_2: survived
    umbel_core.fold.x_fold__mutmut_3: timeout
    umbel_core.fold.x_fold__mutmut_4: not checked
    relay.handler.x_handle__mutmut_1: no tests
    relay.relaying.xǁRelayǁrelay__mutmut_1: killed
"""


def test_what_no_test_runs_survives_and_what_was_not_checked_does_not_count() -> None:
    score = Score(RESULTS)
    assert (score.total(), score.percent()) == ((3, 5), 60.0)


def test_survivors_are_listed_by_module_and_the_worst_module_comes_last() -> None:
    survivors, scores = Score(RESULTS).lines()[:2], Score(RESULTS).lines()[2:]
    assert survivors == ["  umbel_core.fold.x_fold__mutmut_2", "  relay.handler.x_handle__mutmut_1 (no tests)"]
    assert [line.split() for line in scores] == [
        ["100.0", "%", "1", "of", "1", "relay.relaying"],
        ["66.7", "%", "2", "of", "3", "umbel_core.fold"],
        ["0.0", "%", "0", "of", "1", "relay.handler"],
    ]


def test_nothing_is_a_perfect_score() -> None:
    assert Score("").percent() == 100
