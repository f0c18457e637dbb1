"""info: what a picture is."""

from tests.ops.running import photo, run
from tests.pictures.scene import stored


def test_size_format_mode_frames_bytes_and_perimeter_are_told() -> None:
    assert run("info", photo("hubble.jpg")) == {
        "width": 1000,
        "height": 872,
        "format": "jpeg",
        "mode": "RGB",
        "frames": 1,
        "bytes": 265_201,
        "perimeter": 3744,
    }


def test_the_size_is_the_upright_one() -> None:
    result = run("info", photo("astronaut-exif6-gps.jpg"))
    assert (result["width"], result["height"]) == (400, 512)


def test_frames_are_counted() -> None:
    assert run("info", stored()["webp-animated"].data)["frames"] == 2
