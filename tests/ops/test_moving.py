"""A GIF, WebP or PNG that moves keeps its frames through every op."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.ops.running import CATALOGUE, LIMITS, PICTURE_OPS, run, some_params
from tests.pictures.moving import KINDS, SIZE, TIMES, flat_frames, frames, moving, on_gray, painted_frames, shown, times
from tests.pictures.scene import saved
from worker.codecs import animation
from worker.codecs.writing import Encoded
from worker.each_frame import made
from worker.pictures import StoredPicture

MAKING = [name for name in PICTURE_OPS if CATALOGUE[name].returns == "picture"]
NEAR = {"gif": 12.0, "webp": 1.0, "png": 1.0}
"""Format -> the most that a frame's channels may differ on average from the op's result for this frame alone."""

every_op = pytest.mark.parametrize("op", MAKING)
every_kind = pytest.mark.parametrize("kind", KINDS)


def params(op: str, kind: str) -> dict[str, Any]:
    """Return parameters with which the op works on the frames and keeps the format."""
    small = {"crop": {"width": 80, "height": 50}, "pad": {"top": 3}}
    return small.get(op, some_params(op)) | ({"format": "webp" if kind == "gif" else kind} if op == "convert" else {})


@every_kind
@every_op
def test_every_op_keeps_the_frames_their_times_and_the_loops(op: str, kind: str) -> None:
    result = run(op, moving(kind), **params(op, kind))
    assert isinstance(result, Encoded)
    moves = Image.open(BytesIO(result.data))
    assert (result.frames, result.warnings, getattr(moves, "n_frames", 1)) == (5, (), 5)
    assert times(result.data) == TIMES
    assert moves.info["loop"] == (2 if result.format == "gif" else 3), "a GIF counts the repeats, not the plays"
    alone = run(op, saved(frames()[0], "PNG"), **params(op, "png"))
    assert moves.size == (result.width, result.height) == (alone.width, alone.height)


@every_kind
@every_op
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_each_frame_is_what_the_op_makes_of_this_frame_alone(op: str, kind: str, mode: str) -> None:
    if op == "trim":
        pytest.skip("what it cuts off is found in the first frame")
    wanted = params(op, kind)
    fine: dict[str, Any] = {"lossless": True} if wanted.get("format", kind) == "webp" else {}
    result = run(op, moving(kind, frames(mode)), **wanted, **fine)
    alone = params(op, kind) | {"format": "png"}
    for after, before in zip(shown(result.data), frames(mode), strict=True):
        expected = on_gray(Image.open(BytesIO(run(op, saved(before, "PNG"), **alone).data)))
        assert max(ImageStat.Stat(ImageChops.difference(after, expected)).mean) < NEAR[result.format]


def test_a_lossy_format_leaves_no_trace_of_what_has_moved_on() -> None:
    last = shown(run("flip", moving("gif"), format="webp").data)[-1].crop((50, 0, 76, 30))
    assert max(ImageStat.Stat(last).stddev) < 2


@every_kind
@pytest.mark.parametrize(
    ("wanted", "reason"), [({"animated": False}, "animated is false"), ({"format": "jpeg"}, "JPEG does not move")]
)
def test_the_first_frame_alone_comes_with_a_warning(kind: str, wanted: dict[str, Any], reason: str) -> None:
    result = run("blur", moving(kind), **wanted)
    assert result.frames == 1
    (warning,) = result.warnings
    assert (warning.code, warning.message) == ("frames_dropped", f"4 of 5 frames were dropped: {reason}.")
    assert not getattr(Image.open(BytesIO(result.data)), "is_animated", False)


def test_two_formats_count_how_often_an_animation_is_shown_in_their_own_ways() -> None:
    once = moving("gif", loop=None)
    assert run("info", once)["loops"] == 1
    assert Image.open(BytesIO(run("flip", once).data)).info.get("loop") is None, "without its block a GIF plays once"
    assert Image.open(BytesIO(run("flip", once, format="webp").data)).info["loop"] == 1
    assert Image.open(BytesIO(run("flip", moving("gif", loop=0), format="webp").data)).info["loop"] == 0


@every_kind
def test_info_reports_frames_duration_and_loops(kind: str) -> None:
    found = run("info", moving(kind))
    assert (found["frames"], found["duration_ms"], found["loops"]) == (5, sum(TIMES), 3)


@every_kind
def test_too_many_pixels_give_the_first_frame_and_the_exact_numbers(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = 5 * SIZE[0] * SIZE[1]
    monkeypatch.setattr("worker.each_frame.MOST_WRITTEN", pixels)
    assert run("flip", moving(kind)).frames == 5
    monkeypatch.setattr("worker.each_frame.MOST_WRITTEN", pixels - 1)
    result = run("flip", moving(kind))
    assert result.frames == 1
    assert result.warnings[0].message == (
        "4 of 5 frames were dropped: with 96 x 64 pixels, all together have 0.03072 MP, and at most 0.030719 MP are"
        " kept moving."
    )
    assert run("thumbnail", moving(kind), width=48).frames == 5, "the result counts, as far as it is made smaller"


def test_a_large_frame_does_not_move() -> None:
    reason = animation.too_many(2, (5000, 4000), animation.MOST_WRITTEN)
    assert reason == "with 5000 x 4000 pixels, each has 20 MP, and at most 16 MP are kept moving"


def test_very_many_small_frames_do_not_move() -> None:
    """Each frame takes its time, however small it is: 20,000 would take longer than a task has."""
    assert animation.too_many(3_000, (9, 9), animation.MOST_READ) is None
    reason = animation.too_many(3_001, (9, 9), animation.MOST_READ)
    assert reason == "there are 3,001, and at most 3,000 are kept moving"


def test_what_is_cut_off_is_the_same_in_every_frame() -> None:
    result = run("trim", moving("png"))
    still = run("trim", saved(frames()[0], "PNG"))
    assert (result.frames, result.width, result.height) == (5, still.width, still.height)
    cover: dict[str, Any] = {"width": 30, "height": 30, "fit": "cover", "gravity": "attention"}
    bars = [frame.crop((0, 0, 4, 30)).tobytes() for frame in shown(run("thumbnail", moving("png"), **cover).data)]
    assert len(bars) == 5


def test_an_op_whose_frames_differ_in_size_gives_the_first_one() -> None:
    sizes = iter(range(20, 30))
    picture = StoredPicture(moving("gif"), LIMITS)
    result = made(lambda frame: frame.image().resize((next(sizes), 20)), picture, {}, LIMITS)
    assert (result.frames, result.height) == (1, 20)
    assert "different in size" in result.warnings[0].message


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_cap_of_bytes_holds_for_all_frames_together(kind: str) -> None:
    noise = [Image.effect_noise((90, 60), 80).convert("RGB") for _ in range(6)]
    whole = run("flip", moving(kind, noise), format="webp" if kind == "webp" else None)
    most = len(whole.data) * 7 // 10
    capped = run("flip", moving(kind, noise), max_bytes=most, format="webp" if kind == "webp" else None)
    assert len(capped.data) <= most
    assert (capped.frames, capped.warnings) == (6, ())
    tiny = run("flip", moving(kind, noise), max_bytes=len(whole.data) // 5, format="webp" if kind == "webp" else None)
    assert tiny.frames == 1
    assert tiny.warnings[0].code == "frames_dropped"


def test_the_thumbnail_of_forty_frames_is_small() -> None:
    ground = Image.effect_noise((480, 270), 60).convert("RGB")
    images = []
    for number in range(40):
        image = ground.copy()
        image.paste((200, 40, 40), (10 * number, 100, 10 * number + 60, 160))
        images.append(image.quantize(128, dither=Image.Dither.NONE))
    source = moving("gif", images)
    assert len(run("thumbnail", source).data) < 0.35 * len(source)


def test_auto_takes_the_smaller_one_of_a_gif_and_a_webp() -> None:
    flat, painted = moving("gif", flat_frames()), moving("gif", painted_frames())
    for data, kind in [(flat, "gif"), (painted, "webp")]:
        result = run("flip", data, format="auto")
        others = [run("flip", data, format="webp"), run("flip", data)]
        assert (result.format, result.frames, result.warnings) == (kind, 40, ())
        assert len(result.data) == min(len(other.data) for other in others)
    assert len(run("flip", flat, format="auto").data) < 1.1 * len(flat)


@pytest.mark.parametrize(
    ("params", "kind", "idle"),
    [
        ({"palette": True}, "gif", []),
        ({"quality": 70}, "webp", []),
        ({"lossless": True}, "webp", []),
        ({"progressive": True}, "gif", ["no_effect"]),
    ],
)
def test_auto_takes_a_format_that_moves_in_which_the_parameters_have_an_effect(
    params: dict[str, Any], kind: str, idle: list[str]
) -> None:
    result = run("flip", moving("gif", flat_frames()), format="auto", **params)
    assert (result.format, result.frames) == (kind, 40)
    assert [warning.code for warning in result.warnings] == idle


def test_auto_keeps_soft_edges() -> None:
    result = run("rotate", moving("gif", flat_frames()), angle=30, background="transparent", format="auto")
    assert (result.format, result.frames) == ("webp", 40)


def test_auto_is_a_webp_where_there_is_no_time_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.each_frame.MOST_READ", 1.5 * 40 * 160 * 90)
    assert run("flip", moving("gif", flat_frames()), format="auto").format == "webp"
    assert run("flip", moving("gif", flat_frames()), format="auto").frames == 40


def test_auto_with_a_cap_makes_the_smaller_one_fit() -> None:
    flat = moving("gif", flat_frames())
    most = len(run("flip", flat, format="auto").data)
    assert run("flip", flat, format="auto", max_bytes=most).format == "gif"
    result = run("flip", moving("gif", painted_frames()), format="auto", max_bytes=30_000)
    assert (result.format, result.frames, len(result.data) <= 30_000) == ("webp", 40, True)
