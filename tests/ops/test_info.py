"""info: what a picture is."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms

from tests.ops.running import photo, run
from tests.pictures.odd import files
from tests.pictures.scene import GPS, ORIENTATION, private, saved, stored


def test_size_format_mode_frames_bytes_and_perimeter_are_told() -> None:
    assert run("info", photo("hubble.jpg")) == {
        "width": 1000,
        "height": 872,
        "format": "jpeg",
        "mode": "RGB",
        "frames": 1,
        "bytes": 265_201,
        "perimeter": 3744,
        "orientation": 1,
        "bit_depth": 8,
        "has_alpha": False,
        "has_gps": False,
        "dpi": None,
        "profile": None,
        "duration_ms": None,
        "loops": None,
    }


def test_the_size_is_the_upright_one_and_the_orientation_that_of_the_file() -> None:
    result = run("info", photo("astronaut-exif6-gps.jpg"))
    assert (result["width"], result["height"]) == (400, 512)
    assert (result["orientation"], result["has_gps"]) == (6, True)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_orientation_is_read_in_every_format(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    result = run("info", saved(Image.new("RGB", (8, 4)), kind, exif=exif))
    assert (result["orientation"], result["has_gps"]) == (orientation, False)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_coordinates_are_found_in_every_format(kind: str) -> None:
    exif = private()
    assert exif.get_ifd(GPS)
    assert run("info", saved(Image.new("RGB", (8, 4)), kind, exif=exif))["has_gps"]


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("jpeg", 8), ("png", 8), ("png-bits", 1), ("png-gray-2-key", 2), ("png-palette", 8), ("png-16", 16),
        ("png-gray-16", 16), ("tiff-fax", 1), ("tiff-gray-16", 16), ("tiff-gray-float", 32), ("tiff-cmyk", 8),
        ("webp", 8), ("gif", 8), ("avif", 8), ("bmp", 8), ("bmp-bits", 1),
    ],
)  # fmt: skip
def test_the_bit_depth_is_that_of_the_file(name: str, bits: int) -> None:
    assert run("info", files()[name].data)["bit_depth"] == bits


@pytest.mark.parametrize("name", files())
def test_a_picture_with_clear_pixels_has_alpha(name: str) -> None:
    result = run("info", files()[name].data)
    if "clear" in name or (name.endswith("-key") and "wrong" not in name):
        assert result["has_alpha"]
    if name.startswith("jpeg") or "cmyk" in name:
        assert not result["has_alpha"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP"])
def test_the_resolution_is_read(kind: str) -> None:
    assert run("info", saved(Image.new("RGB", (8, 4)), kind, dpi=(300, 300)))["dpi"] == pytest.approx(300, abs=0.1)


@pytest.mark.parametrize("name", ["jpeg", "jpeg-exif-6", "png", "tiff", "webp", "gif", "avif"])
def test_a_resolution_that_is_not_in_the_file_is_not_made_up(name: str) -> None:
    assert run("info", files()[name].data)["dpi"] is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_profile_has_its_name(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = saved(Image.new("RGB", (8, 4)), kind, icc_profile=profile)
    assert run("info", picture)["profile"] == "sRGB built-in"
    assert run("info", saved(Image.new("RGB", (8, 4)), kind, icc_profile=b"no profile" * 20))["profile"] is None


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_duration_is_that_of_all_frames(kind: str) -> None:
    frames = [Image.effect_noise((16, 9), 50).convert("RGB") for _ in range(3)]
    settings: dict[str, Any] = {"save_all": True, "append_images": frames[1:], "duration": [100, 250, 400]}
    result = run("info", saved(frames[0], kind, **settings))
    assert (result["frames"], result["duration_ms"]) == (3, 750)


def test_a_still_picture_has_no_duration() -> None:
    assert run("info", saved(Image.new("RGB", (4, 4)), "GIF"))["duration_ms"] is None


def test_frames_are_counted() -> None:
    assert run("info", stored()["webp-animated"].data)["frames"] == 2


def test_values_of_a_broken_header_are_missing() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 77
    data = saved(Image.new("RGB", (4, 4)), "JPEG", exif=exif)
    assert run("info", data)["orientation"] == 1
    cut = data.replace(b"Exif\0\0MM", b"Exif\0\0XX").replace(b"Exif\0\0II", b"Exif\0\0XX")
    result = run("info", cut)
    assert (result["orientation"], result["has_gps"], result["dpi"]) == (1, False, None)
    assert Image.open(BytesIO(cut)).size == (4, 4)
