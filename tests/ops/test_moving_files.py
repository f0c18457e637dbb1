"""Files that move are read as browsers show them, whatever their parts are and however they end."""

import struct
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops

from tests.ops.running import LIMITS, run, run_for_picture
from tests.pictures.moving import KINDS, SIZE, frames, moving, on_gray, shown
from tests.pictures.scene import chunk, saved
from umbel_core.errors import Rejected
from worker.codecs import animation, gif
from worker.codecs.frames import Part, Whole
from worker.pictures import StoredPicture

every_kind = pytest.mark.parametrize("kind", KINDS)


def read(data: bytes) -> list[Image.Image]:
    """Return the frames that an op gets, on gray."""
    return [on_gray(frame.image()) for frame in StoredPicture(data, LIMITS).each_frame()]


def alike(first: list[Image.Image], second: list[Image.Image]) -> bool:
    """Return whether all frames are the same."""
    return all(ImageChops.difference(*both).getbbox() is None for both in zip(first, second, strict=True))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("gif", {}), ("gif", {"disposal": 2}), ("png", {"disposal": 0}), ("png", {"disposal": 1}), ("webp", {}),
        ("webp", {"kmin": 9, "kmax": 17}),
    ],
)  # fmt: skip
def test_frames_are_put_together_from_their_parts(kind: str, options: dict[str, Any], mode: str) -> None:
    if kind == "png" and mode == "RGB" and options == {"disposal": 1}:
        pytest.skip("Pillow writes such a file for programs that clear to black")
    assert alike(read(moving(kind, frames(mode), **options)), [on_gray(frame) for frame in frames(mode)])


def test_a_part_over_a_clear_ground_keeps_its_alpha() -> None:
    half, clear = Image.new("RGBA", (8, 8), (200, 0, 0, 128)), Image.new("RGBA", (8, 8))
    data = moving("png", [clear, half], blend=1, disposal=0)
    (_, second) = StoredPicture(data, LIMITS).each_frame()
    assert second.image().getpixel((4, 4)) == (200, 0, 0, 128)


def test_what_a_part_hid_comes_back() -> None:
    ground, spot = Image.new("RGB", (20, 10), (0, 90, 0)), Image.new("RGB", (4, 4), (200, 0, 0))
    parts = [gif.read(saved(image, "GIF")).parts[0] for image in (ground, spot, spot)]
    data = _gif([(parts[0], 0, 0, 1), (parts[1], 2, 2, 3), (parts[2], 12, 2, 3)], (20, 10))
    first, second, third = read(data)
    assert second.getpixel((3, 3)) == (200, 0, 0)
    assert third.getpixel((3, 3)) == first.getpixel((3, 3)) == (0, 90, 0)
    assert third.getpixel((13, 3)) == (200, 0, 0)


def test_the_picture_for_programs_without_apng_is_no_frame() -> None:
    stand_in = Image.new("RGB", SIZE, (1, 2, 3))
    data = moving("png", [stand_in, *frames()], default_image=True)
    assert run("info", data)["frames"] == 5
    assert alike(shown(run("flip", run("flip", data).data).data), frames())
    still = Image.open(BytesIO(run("flip", data, animated=False).data)).convert("RGB")
    assert still.tobytes() == run_for_picture("flip", saved(frames()[0], "PNG")).convert("RGB").tobytes()


def test_a_single_frame_is_shown_in_place_of_the_picture_for_other_programs() -> None:
    data = moving("png", [Image.new("RGB", SIZE, "red"), Image.new("RGB", SIZE, "blue")], default_image=True)
    result = run("flip", data)
    assert (result.frames, result.warnings, run("info", data)["duration_ms"]) == (1, (), None)
    assert shown(result.data)[0].getpixel((0, 0)) == (0, 0, 255)


def test_what_a_gif_draws_beyond_its_screen_is_cut_off() -> None:
    first, second = (saved(Image.new("RGB", size, "red"), "GIF") for size in ((30, 20), (40, 30)))
    (part,) = gif.read(second).parts
    _, _, palette, _, descriptor, coded, end = map(bytes, part.pieces)
    larger = descriptor[:9] + bytes([gif.palette_flags(palette)]) + palette + coded + end
    result = run("flip", first[:-1] + larger)
    assert (result.frames, result.width, result.height, result.warnings) == (2, 30, 20, ())


def test_a_still_gif_is_transparent_where_it_does_not_fill_its_screen() -> None:
    part = gif.read(saved(Image.new("RGB", (20, 10), "red"), "GIF")).parts[0]
    screen = struct.pack("<HHBBB", 60, 40, 0x80, 0, 0) + bytes([9, 200, 9, 0, 0, 0])  # whose background is green
    data = b"GIF89a" + screen + _gif([(part, 30, 20, 0)], (60, 40))[13:]
    found = run("info", data)
    assert (found["frames"], found["has_alpha"], found["duration_ms"], found["loops"]) == (1, True, None, None)
    for kind in (None, "png", "webp", "auto"):
        result = run("convert", data, format=kind) if kind else run("flip", run("flip", data).data)
        image = Image.open(BytesIO(result.data)).convert("RGBA")
        assert (image.size, image.getchannel("A").getbbox(), result.warnings) == ((60, 40), (30, 20, 50, 30), ())
        assert image.getpixel((31, 21))[:2] > (240, 9)  # type: ignore[index]  # of an RGBA
    assert run("placeholder", data)["dominant"] == run("placeholder", part.file)["dominant"]


@pytest.mark.parametrize(("mode", "alpha"), [("RGB", False), ("RGBA", True)])
@pytest.mark.parametrize("kind", ["gif", "png"])  # the encoder of WebP gives opaque frames an alpha too
def test_info_says_whether_any_frame_can_be_transparent(kind: str, mode: str, alpha: bool) -> None:
    data = moving(kind, frames(mode))
    assert run("info", data)["has_alpha"] == alpha


def test_a_gif_that_clears_a_frame_has_alpha() -> None:
    part = gif.read(saved(Image.new("RGB", (60, 40), "red"), "GIF")).parts[0]
    data = _gif([(part, 0, 0, 2), (part, 9, 9, 0)], (60, 40))
    assert run("info", data)["has_alpha"]
    assert Image.open(BytesIO(run("flip", data, format="png").data)).has_transparency_data


def test_a_gif_may_have_frames_in_grays_and_with_palettes_of_their_own() -> None:
    images = [Image.linear_gradient("L").resize((32, 32)), Image.radial_gradient("L").resize((32, 32))]
    assert alike(read(moving("gif", images)), [image.convert("RGB") for image in images])


@every_kind
def test_equal_frames_stay_apart(kind: str) -> None:
    data = _repeated(kind)
    result = run("flip", data)
    assert result.frames == getattr(Image.open(BytesIO(result.data)), "n_frames", 1) == 4


@pytest.mark.parametrize("kind", ["gif", "png"])
def test_a_file_that_is_cut_off_has_the_frames_before_and_the_same_warning_in_every_op(kind: str) -> None:
    data = moving(kind)
    cut = data[: len(data) * 3 // 4]
    found = run("info", cut)
    (warning,) = StoredPicture(cut, LIMITS).warnings
    assert warning.code == "data_missing"
    begun = 5 if kind == "png" else 4  # a GIF does not say how many follow
    whole = f"the result has the first {found['frames']} of {begun} frames."
    assert warning.message == f"Data of the file is missing; {whole}"
    result = run("blur", cut)
    assert 1 < result.frames == found["frames"] < 5


def test_a_file_that_is_cut_off_in_its_first_frame_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        run("blur", moving("gif")[:200])
    assert refusal.value.code == "truncated_picture"


@every_kind
def test_the_frames_before_a_damaged_one_are_kept(kind: str) -> None:
    data = _damaged(kind, 3)
    picture = StoredPicture(data, LIMITS)
    assert len(list(picture.each_frame())) == 3
    assert [(each.code, each.message) for each in picture.warnings] == [
        ("data_missing", "Frame 4 of 5 is damaged; the result has the 3 before it.")
    ]
    assert run("rotate90", data).frames == 3
    assert run("info", data)["frames"] == 3
    (warning,) = run("rotate90", data, format="jpeg").warnings
    assert warning.message == "2 of 3 frames were dropped: JPEG does not move."


@every_kind
def test_a_file_whose_second_frame_is_damaged_does_not_move(kind: str) -> None:
    result = run("rotate90", _damaged(kind, 1))
    assert (result.frames, result.warnings) == (1, ())
    assert not getattr(Image.open(BytesIO(result.data)), "is_animated", False)
    assert [each.code for each in StoredPicture(_damaged(kind, 1), LIMITS).warnings] == ["data_missing"]


@every_kind
def test_a_damaged_first_frame_is_refused(kind: str) -> None:
    with pytest.raises(Rejected) as refusal:
        run("rotate90", _damaged(kind, 0))
    assert refusal.value.code in ("broken_picture", "truncated_picture")


def _damaged(kind: str, number: int) -> bytes:
    """Return a file in which one frame cannot be decoded."""
    data = moving(kind, [Image.effect_noise((40, 40), 90).convert("RGB") for _ in range(5)])
    motion = StoredPicture(data, LIMITS).motion
    assert motion
    pieces = [bytes(piece) for piece in motion.parts[number].pieces]
    if kind == "gif":
        at = data.index(pieces[5]) + gif.palette_size(pieces[4][9:10])
        return data[:at] + b"\x20" + data[at + 1 :]  # codes of 32 bits, of which there are none
    if kind == "webp":
        at = data.index(pieces[-1]) + 24
        return data[:at] + bytes(255 - each for each in data[at : at + 400]) + data[at + 400 :]
    name, ahead = (b"IDAT", b"") if number == 0 else (b"fdAT", (2 * number).to_bytes(4))
    content = next(each for each in (pieces[5], pieces[4]) if each in data and len(each) > 100)
    if number == 0:
        content = content[8:-4]
    return data.replace(chunk(name, ahead + content), chunk(name, ahead + bytes(len(content))))


def _repeated(kind: str) -> bytes:
    """Return a file of four frames, of which each two are equal; Pillow would write two."""
    first, second = frames()[:2]
    shows = [(first, 50), (first, 50), (second, 50), (second, 50)]
    return animation.write(kind, shows, Whole(0), lambda image: saved(image, kind.upper()))


def _gif(parts: list[tuple[Part, int, int, int]], size: tuple[int, int]) -> bytes:
    """Return a GIF of parts, each at a left and a top and with its disposal."""
    made = b"GIF89a" + struct.pack("<HHBBB", *size, 0, 0, 0)
    for part, left, top, disposal in parts:
        _, _, palette, _, descriptor, data, _ = map(bytes, part.pieces)
        made += b"!\xf9\4" + bytes([disposal << 2, 5, 0, 0, 0]) + b"," + struct.pack("<HH", left, top)
        made += descriptor[5:9] + bytes([gif.palette_flags(palette)]) + palette + data
    return made + b";"
