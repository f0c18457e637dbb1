"""The output parameters, which every op with a picture as result has."""

from contextlib import suppress
from io import BytesIO
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageDraw
from PIL.Image import Transpose

from tests.ops.measuring import psnr
from tests.ops.running import CATALOGUE, LIMITS, photo, run
from tests.pictures.scene import saved, scene
from umbel_core.encoding import Encoding
from umbel_core.errors import Rejected
from umbel_core.op import Format
from worker.codecs import size_search
from worker.codecs.writing import Encoded, Made, encode


def made(**params: Any) -> Encoded:
    result = run("blur", photo("coffee.jpg"), radius=0, **params)
    assert isinstance(result, Encoded)
    return result


def opened(result: Encoded) -> Image.Image:
    return Image.open(BytesIO(result.data))


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("most", [6_000, 12_000, 20_000, 30_000])
def test_a_result_has_at_most_so_many_bytes_and_nearly_as_many(kind: Format, most: int) -> None:
    result = made(format=kind, max_bytes=most, **({} if most < 30_000 else {"quality": 95}))
    assert 0.85 * most < len(result.data) <= most
    assert 1 <= result.chosen["quality"] <= 95


def test_a_result_that_is_small_enough_at_once_has_the_quality_that_was_asked_for() -> None:
    assert made(max_bytes=1_000_000, quality=91).data == made(quality=91).data


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif", "png", "gif"])
@pytest.mark.parametrize("most", [4_000, 9_000, 40_000])
def test_few_encodings_find_a_result_or_that_there_is_none(
    kind: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    encodings = 0
    search = size_search.best_under

    def counted(most: int, lowest: int, highest: int, encode_at: Any, curve: Any) -> Any:
        def encode_and_count(level: int) -> bytes:
            nonlocal encodings
            encodings += 1
            data: bytes = encode_at(level)
            return data

        return search(most, lowest, highest, encode_and_count, curve)

    monkeypatch.setattr("worker.codecs.writing.best_under", counted)
    for name in ("coffee.jpg", "cat.jpg", "hubble.jpg", "rocket.jpg"):
        encodings = 0
        picture = Image.open(BytesIO(photo(name)))
        with suppress(Rejected):
            assert len(encode(picture, Encoding(max_bytes=most), Made(format=kind), LIMITS).data) <= most
        assert encodings <= 5


def test_a_search_that_takes_long_ends_with_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size_search, "_SECONDS", -1)
    levels: list[int] = []

    def encode_at(level: int) -> bytes:
        levels.append(level)
        return bytes(10 * level)

    assert size_search.best_under(500, 1, 80, encode_at, size_search.quality_curve("webp")) == (1, bytes(10))
    assert levels == [80, 1]


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif", "png", "gif"])
def test_what_cannot_be_small_enough_is_refused_with_what_to_do(kind: str) -> None:
    noise = Image.effect_noise((500, 400), 90)
    sentence = r"The result has [\d,]+ bytes even at the lowest quality; at most 700 are allowed. Choose a smaller size"
    with pytest.raises(Rejected, match=sentence) as refusal:
        encode(noise, Encoding(max_bytes=700), Made(format=kind), LIMITS)
    assert refusal.value.code == "result_too_large"


def test_a_png_gets_fewer_colours_to_be_small_enough() -> None:
    whole = made(format="png")
    result = made(format="png", max_bytes=len(whole.data) // 4)
    assert len(result.data) <= len(whole.data) // 4
    assert opened(result).mode == "P"
    assert 8 <= result.chosen["colours"] <= 256


def test_a_photo_with_a_palette_is_much_smaller_and_looks_alike() -> None:
    whole, result = made(format="png"), made(format="png", palette=True)
    assert len(result.data) < 0.5 * len(whole.data)
    assert psnr(opened(result).convert("RGB"), opened(whole)) > 36


@pytest.mark.parametrize(("round_cut", "alphas", "looks"), [(True, 40, 36), (False, 28, 32)])
def test_a_palette_has_the_alpha_of_each_colour(round_cut: bool, alphas: float, looks: float) -> None:
    picture = Image.open(BytesIO(photo("coffee.jpg" if round_cut else "cat-alpha.png"))).convert("RGBA")
    if round_cut:
        mask = Image.new("L", (4 * picture.width, 4 * picture.height))
        ImageDraw.Draw(mask).ellipse((100, 100, mask.width - 100, mask.height - 100), fill=255)
        picture.putalpha(mask.resize(picture.size))
    result = (
        opened(run("flip", saved(picture, "PNG"), palette=True)).convert("RGBA").transpose(Transpose.FLIP_LEFT_RIGHT)
    )
    assert psnr(result.getchannel("A").convert("RGB"), picture.getchannel("A").convert("RGB")) > alphas
    black = Image.new("RGBA", picture.size, "black")
    assert psnr(*(Image.alpha_composite(black, each).convert("RGB") for each in (result, picture))) > looks


def test_a_progressive_jpeg_is_one() -> None:
    assert opened(made(progressive=True)).info["progressive"]
    assert "progressive" not in opened(made()).info


def test_a_lossless_webp_has_every_pixel() -> None:
    exact, lossless = opened(made(format="png")), made(format="webp", lossless=True)
    assert opened(lossless).convert("RGB").tobytes() == exact.tobytes()
    assert len(lossless.data) < len(made(format="png").data)


@pytest.mark.parametrize("kind", ["png", "webp", "avif"])
def test_more_effort_makes_fewer_bytes(kind: Format) -> None:
    least, most = (len(made(format=kind, effort=effort).data) for effort in (0, 10))
    assert most < least


def test_auto_is_the_smallest_of_the_formats_that_every_browser_shows() -> None:
    assert made(format="auto").format == "webp"
    assert made(format="auto", progressive=True).format == "jpeg", "the only one that can be progressive"
    assert run("blur", photo("cat-alpha.png"), format="auto").format in ("webp", "png")
    drawing = Image.new("RGB", (200, 100), "white").quantize(4)
    drawing.paste(1, (10, 10, 100, 60))
    assert run("flip", saved(drawing, "PNG"), format="auto").format in ("png", "webp")
    assert len(made(format="auto", max_bytes=9_000).data) <= 9_000


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        (
            {"format": "png", "quality": 80},
            "quality has no effect in png; it has in jpeg, webp and avif. Choose such a",
        ),
        ({"format": "webp", "progressive": True}, "progressive has no effect in webp; it has in jpeg."),
        ({"format": "avif", "lossless": True}, "lossless has no effect in avif; it has in webp."),
        ({"format": "jpeg", "palette": True}, "palette has no effect in jpeg; it has in png."),
        ({"format": "jpeg", "effort": 3}, "effort has no effect in jpeg; it has in png, webp and avif."),
        ({"format": "webp", "lossless": True, "quality": 3}, "quality has no effect here: a lossless result has no"),
        (
            {"lossless": True, "max_bytes": 300},
            "max_bytes has no effect here: a lossless result cannot be made smaller",
        ),
        ({"strip": False, "keep_date": True}, "keep_date has no effect here: strip=false keeps it already."),
        ({"format": "auto", "progressive": True, "lossless": True}, "no format has all of progressive, lossless."),
        (
            {"format": "jpeg", "background": "transparent"},
            "background has no transparency in jpeg; it has in png, webp and avif. Choose such a format",
        ),
        ({"format": "jpeg", "background": "#F008"}, "background has no transparency in jpeg"),
        ({"format": "jpeg", "background": "#ff0000fe"}, "background has no transparency in jpeg"),
        ({"format": "auto", "progressive": True, "background": "Transparent"}, "has all of progressive, background."),
    ],
)
def test_a_parameter_without_an_effect_is_refused_with_the_request(params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Rejected) as refusal:
        CATALOGUE.check_params("thumbnail", params)
    assert refusal.value.code == "invalid_params"
    assert sentence in refusal.value.sentence


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("png", {"quality": 80}),
        ("png", {"lossless": True}),
        ("png", {"progressive": True}),
        ("jpeg", {"palette": True}),
        ("jpeg", {"effort": 9}),
        *[("gif", {name: value}) for name, value in [("quality", 5), ("effort", 9), ("lossless", True)]],
        *[("gif", {name: value}) for name, value in [("strip", False), ("keep_date", True), ("progressive", True)]],
    ],
)
def test_a_parameter_without_an_effect_in_the_format_of_the_input_changes_nothing_but_a_warning(
    kind: str, params: dict[str, Any]
) -> None:
    """A recipe with a quality is for the uploads of all formats."""
    data = saved(scene().convert("RGB"), kind.upper())
    plain, made = run("flip", data), run("flip", data, **params)
    assert made.data == plain.data
    (name,) = params
    (warning,) = made.warnings
    assert (warning.code, warning.message.split(";")[0]) == (
        "no_effect",
        f"The parameter {name} has no effect in {kind}",
    )
    assert plain.warnings == ()


def test_a_parameter_with_its_default_is_never_refused() -> None:
    CATALOGUE.check_params("thumbnail", {"format": "png", "progressive": False, "strip": True, "quality": None})


@pytest.mark.parametrize("background", ["white", "#ffff", "#ffffff", "#FFFFFFff", None])
def test_an_opaque_background_is_never_refused(background: str | None) -> None:
    CATALOGUE.check_params("pad", {"format": "jpeg", "left": 1, "background": background})


@pytest.mark.parametrize(
    ("op", "params"),
    [("pad", {"left": 9}), ("rotate", {"angle": 30}), ("resize", {"width": 90, "height": 90, "fit": "contain"})],
)
def test_a_transparent_background_in_a_format_without_transparency_comes_with_a_warning(
    op: str, params: dict[str, Any]
) -> None:
    data = {kind: saved(scene().convert("RGB"), kind.upper()) for kind in ("jpeg", "png", "gif")}
    (warning,) = run(op, data["jpeg"], background="transparent", **params).warnings
    sentence = "The parameter background has no transparency in jpeg; it has in png, webp and avif."
    assert (warning.code, warning.message) == ("no_effect", sentence)
    for result in (
        run(op, data["png"], background="transparent", **params),
        run(op, data["gif"], background="transparent", **params),
        run(op, data["jpeg"], background="transparent", format="auto", **params),
    ):
        assert (opened(result).convert("RGBA").getchannel("A").getextrema(), result.warnings) == ((0, 255), ())


def test_auto_takes_the_next_format_where_the_smallest_cannot_have_the_picture() -> None:
    large = Image.new("RGB", (9_900, 9_800))  # more than the WebP encoder has memory for
    assert encode(large, Encoding(format="auto"), Made(format="png"), LIMITS).format == "jpeg"


def test_auto_with_a_cap_is_refused_only_when_no_format_can_have_it() -> None:
    noise = Image.frombytes("RGB", (200, 200), Random(1).randbytes(120_000))
    made = encode(noise, Encoding(format="auto", max_bytes=3_000), Made(format="png"), LIMITS)
    assert (made.format, len(made.data) <= 3_000) == ("jpeg", True)


def test_auto_keeps_alpha_where_a_parameter_has_an_effect_in_jpeg_alone() -> None:
    half = Image.new("RGBA", (50, 50), (255, 0, 0, 120))
    result = run("flip", saved(half, "PNG"), format="auto", progressive=True)
    assert result.format == "png"
    assert [warning.code for warning in result.warnings] == ["no_effect"]
