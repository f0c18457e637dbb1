"""Sizes and boxes of fits, without a pixel."""

import itertools

import pytest

from umbel_imaging.geometry import (
    ANCHORS,
    Fit,
    Plan,
    Size,
    Wanted,
    part_around,
    part_at_anchor,
    place,
    plan,
)

SIDES = [1, 2, 3, 7, 100, 333, 1000, 20_000]
SIZES = list(itertools.product(SIDES, SIDES))


def planned(own: Size, width: float | None, height: float | None, fit: Fit, *, enlarge: bool = True) -> Plan:
    return plan(own, Wanted(width=width, height=height, fit=fit, enlarge=enlarge))


@pytest.mark.parametrize(
    ("fit", "scaled", "canvas"),
    [
        ("inside", (150, 100), (150, 100)),
        ("outside", (180, 120), (180, 120)),
        ("contain", (150, 100), (150, 120)),
        ("cover", (150, 120), (150, 120)),
        ("fill", (150, 120), (150, 120)),
    ],
)
def test_each_fit_of_a_picture_of_600_x_400_into_150_x_120(fit: Fit, scaled: Size, canvas: Size) -> None:
    assert planned((600, 400), 150, 120, fit)[1:] == (scaled, canvas)
    assert planned((600, 400), 150, 120, fit, enlarge=False)[1:] == (scaled, canvas)


@pytest.mark.parametrize(
    ("fit", "enlarged", "kept"),
    [
        ("inside", (90, 60), (60, 40)),
        ("outside", (180, 120), (60, 40)),
        ("cover", (90, 120), (30, 40)),
        ("fill", (90, 120), (60, 40)),
        ("contain", (90, 60), (60, 40)),
    ],
)
def test_a_small_picture_grows_only_when_it_may(fit: Fit, enlarged: Size, kept: Size) -> None:
    assert planned((60, 40), 90, 120, fit).scaled == enlarged
    assert planned((60, 40), 90, 120, fit, enlarge=False).scaled == kept


def test_a_contained_picture_that_may_not_grow_still_gets_its_canvas() -> None:
    assert planned((60, 40), 90, 120, "contain", enlarge=False).canvas == (90, 120)


def test_a_picture_that_is_too_small_to_cover_keeps_the_shape_that_was_asked_for() -> None:
    assert planned((100, 150), 256, 256, "cover", enlarge=False) == ((100, 100), (100, 100), (100, 100))
    assert planned((600, 100), 300, 200, "cover", enlarge=False) == ((150, 100), (150, 100), (150, 100))


@pytest.mark.parametrize("fit", ["inside", "outside", "fill"])
def test_a_free_side_follows_from_the_shape_whatever_the_fit(fit: Fit) -> None:
    assert planned((600, 400), 300, None, fit).scaled == (300, 200)
    assert planned((600, 400), None, 300, fit).scaled == (450, 300)
    assert planned((600, 400), 900, None, fit).scaled == (900, 600)
    assert planned((600, 400), 900, None, fit, enlarge=False).scaled == (600, 400)


@pytest.mark.parametrize("enlarge", [True, False])
@pytest.mark.parametrize("own", SIZES)
def test_what_every_fit_promises_holds_for_every_size(own: Size, enlarge: bool) -> None:
    for wanted in SIZES:
        whole = {fit: planned(own, *wanted, fit, enlarge=enlarge) for fit in ("inside", "outside", "contain", "fill")}
        cover = planned(own, *wanted, "cover", enlarge=enlarge)
        assert all(each.part == own for each in whole.values())
        assert all(min(each.scaled) >= 1 for each in (*whole.values(), cover))
        inside, outside = whole["inside"].scaled, whole["outside"].scaled
        assert inside[0] <= wanted[0]
        assert inside[1] <= wanted[1]
        assert wanted[0] in inside or wanted[1] in inside or inside == own
        if enlarge:
            assert outside[0] >= wanted[0]
            assert outside[1] >= wanted[1]
            assert cover.scaled == whole["fill"].scaled == wanted
        else:
            for each in (*whole.values(), cover):
                assert each.scaled[0] <= own[0]
                assert each.scaled[1] <= own[1]
        assert whole["contain"] == (own, inside, wanted)
        assert cover.part[0] in (own[0], pytest.approx(cover.part[1] * wanted[0] / wanted[1]))
        assert cover.part[0] <= own[0]
        assert cover.part[1] <= own[1]
        assert own[0] == pytest.approx(cover.part[0]) or own[1] == pytest.approx(cover.part[1])


def test_a_part_lies_where_its_anchor_says() -> None:
    boxes = {name: part_at_anchor((100, 60), (40, 60), anchor) for name, anchor in ANCHORS.items()}
    assert boxes["centre"] == boxes["north"] == boxes["south"] == (30, 0, 70, 60)
    assert boxes["west"] == boxes["northwest"] == boxes["southwest"] == (0, 0, 40, 60)
    assert boxes["east"] == boxes["northeast"] == boxes["southeast"] == (60, 0, 100, 60)
    assert part_at_anchor((60, 100), (60, 40), ANCHORS["southeast"]) == (0, 60, 60, 100)


def test_a_part_has_the_focus_in_its_middle_as_far_as_the_sides_allow() -> None:
    assert part_around((100, 60), (40, 60), (0.3, 0.7)) == (10, 0, 50, 60)
    assert part_around((100, 60), (40, 60), (0, 0)) == (0, 0, 40, 60)
    assert part_around((100, 60), (40, 60), (1, 1)) == (60, 0, 100, 60)
    assert part_around((100, 60), (40, 60), (0.5, 0.5)) == part_at_anchor((100, 60), (40, 60), ANCHORS["centre"])


def test_a_picture_is_placed_on_its_canvas_by_its_anchor() -> None:
    assert place((150, 100), (150, 120), ANCHORS["centre"]) == (0, 10)
    assert place((150, 100), (150, 120), ANCHORS["north"]) == (0, 0)
    assert place((150, 100), (150, 120), ANCHORS["southwest"]) == (0, 20)
    assert place((1, 1), (4, 4), ANCHORS["centre"]) == (2, 2)
    assert place((1, 1), (1, 1), ANCHORS["southeast"]) == (0, 0)
