"""What a result keeps of its picture's metadata: nothing, unless a caller asks for it; places never."""

from io import BytesIO
from typing import Any

import pytest
from PIL import ExifTags, Image

from tests.ops.running import CATALOGUE, PICTURE_OPS, run, some_params
from tests.pictures.scene import saved

Base = ExifTags.Base
PHOTO: dict[int, Any] = {
    Base.DateTimeOriginal: "2026:05:01 12:00:00",
    Base.ExposureTime: 0.01,
    Base.BodySerialNumber: "secret",
}
FIRST: dict[int, Any] = {
    Base.Artist: "Ada",
    Base.Copyright: "© Ada".encode(),
    Base.Make: "Umbelcam",
    Base.ImageDescription: "secret",
}


def with_metadata(kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    for tag, value in FIRST.items():
        exif[tag] = value
    exif.get_ifd(ExifTags.IFD.Exif).update(PHOTO)
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (52.0, 30.0, 0.0)})
    return saved(Image.new("RGB", (60, 40), "red"), kind, exif=exif)


def tags(op: str, data: bytes, **params: Any) -> dict[int, Any]:
    made = run(op, data, **some_params(op), **params)
    assert b"secret" not in made.data
    exif = Image.open(BytesIO(made.data)).getexif()
    assert not exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert Base.Orientation not in exif
    return {tag: value for tag, value in {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}.items() if tag != Base.ExifOffset}


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_copyright_is_kept_from_and_in_every_format(source: str, kind: str) -> None:
    kept = tags("thumbnail", with_metadata(source), format=kind, keep_copyright=True)
    assert kept == {Base.Artist: "Ada", Base.Copyright: "© Ada".encode().decode("latin-1")}


def test_the_date_is_kept_alone() -> None:
    assert tags("thumbnail", with_metadata(), keep_date=True) == {Base.DateTimeOriginal: "2026:05:01 12:00:00"}


def test_without_stripping_the_camera_is_kept_and_nothing_that_says_where_or_whose() -> None:
    kept = tags("thumbnail", with_metadata(), strip=False)
    assert kept.keys() == {Base.Artist, Base.Copyright, Base.Make, Base.DateTimeOriginal, Base.ExposureTime}
    assert tags("thumbnail", saved(Image.new("RGB", (9, 9)), "JPEG"), strip=False) == {}


@pytest.mark.parametrize("op", [op for op in PICTURE_OPS if CATALOGUE[op].returns == "picture"])
def test_every_op_keeps_what_it_is_asked_for(op: str) -> None:
    assert tags(op, with_metadata(), keep_copyright=True)[Base.Artist] == "Ada"
    assert tags(op, with_metadata()) == {}
