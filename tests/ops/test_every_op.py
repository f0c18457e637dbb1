"""What holds for every op on pictures, whoever wrote it."""

import struct
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.ops.running import CATALOGUE, PICTURE_OPS, photo, run, some_params
from tests.pictures.bad import bad
from tests.pictures.odd import files
from tests.pictures.scene import GPS, chunk, png, saved
from umbel_core.errors import Rejected
from umbel_core.settings import Limits
from worker.codecs.writing import Encoded
from worker.pictures import StoredPicture

SECRETS = (b"secret", b"Exif\0\0", b"<x:xmpmeta", b"ICC_PROFILE", b"iCCP", b"eXIf", b"tEXt")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow on damaged files

INSTEAD = {"tiff": "jpeg", "bmp": "png", "heic": "jpeg", "jxl": "jpeg"}
DRAWN = ("tiff-fax", "tiff-palette")

every_op = pytest.mark.parametrize("op", PICTURE_OPS)


@every_op
@pytest.mark.parametrize("name", files())
def test_every_op_takes_every_kind_of_picture(op: str, name: str) -> None:
    made = run(op, files()[name].data, **some_params(op))
    if CATALOGUE[op].returns == "value":
        assert made is not None
        return
    assert isinstance(made, Encoded)
    kept = name.split("-", maxsplit=1)[0]
    usual = "png" if name in DRAWN or ("clear" in name and kept in ("tiff", "heic", "jxl")) else INSTEAD.get(kept, kept)
    expected = some_params(op).get("format") or usual
    assert (made.format, made.content_type) == (expected, f"image/{expected}")
    result = Image.open(BytesIO(made.data))
    result.load()
    assert result.size == (made.width, made.height)
    assert result.mode in ("L", "LA", "RGB", "RGBA", "P")
    if "clear" in name and made.format != "jpeg":
        assert result.has_transparency_data, "transparency was lost"


@every_op
@pytest.mark.parametrize("name", files())
def test_no_op_lets_metadata_through(op: str, name: str) -> None:
    made = run(op, files()[name].data, **some_params(op))
    if isinstance(made, Encoded):
        result = Image.open(BytesIO(made.data))
        assert not result.getexif()
        assert not result.getexif().get_ifd(GPS)
        assert not {"icc_profile", "exif", "xmp", "comment", "XML:com.adobe.xmp"} & set(result.info)
        assert not [secret for secret in SECRETS if secret in made.data]


def _noticed() -> list[tuple[str, str]]:
    """Every op with every bad file."""
    return [(op, name) for op in PICTURE_OPS for name in bad()]


@pytest.mark.parametrize(("op", "name"), _noticed())
def test_every_op_refuses_what_is_no_good_picture(op: str, name: str) -> None:
    file = bad()[name]
    with pytest.raises(Rejected) as refusal:
        run(op, file.data, **some_params(op))
    assert refusal.value.code == file.code
    assert refusal.value.sentence.endswith(".")
    assert refusal.value.__cause__ is None or str(refusal.value.__cause__) not in refusal.value.sentence


@every_op
def test_every_op_takes_a_picture_of_many_frames_because_it_decodes_one(op: str) -> None:
    page = Image.new("1", (5000, 5000))
    run(op, saved(page, "TIFF", save_all=True, append_images=[page, page], compression="group4"), **some_params(op))
    control = chunk(b"acTL", struct.pack(">II", 7, 0))
    run(op, png(0, 1, bytes(4000 * 251), before=control, size=(2000, 4000)), **some_params(op))


@every_op
def test_every_op_refuses_a_file_over_the_limit(op: str) -> None:
    data = photo("cat.jpg")
    limits = Limits(max_upload_bytes=len(data))
    run(op, data, limits, **some_params(op))
    with pytest.raises(Rejected, match=r"35\.0 kB; at most 35\.0 kB") as refusal:
        run(op, data + b"\0", limits, **some_params(op))
    assert refusal.value.code == "too_large"


@every_op
def test_every_op_refuses_one_pixel_over_the_limit(op: str) -> None:
    data = photo("cat.jpg")
    StoredPicture(data, Limits(max_pixels=451 * 300)).image()  # an op may make it larger than that
    with pytest.raises(Rejected, match="451 x 300") as refusal:
        run(op, data, Limits(max_pixels=451 * 300 - 1), **some_params(op))
    assert refusal.value.code == "too_many_pixels"


@every_op
@pytest.mark.parametrize("side", [1, 2, 3, 5, 17])
def test_every_op_takes_tiny_pictures(op: str, side: int) -> None:
    tiny = BytesIO()
    Image.new("RGB", (side, 1), "red").save(tiny, "JPEG")
    params: dict[str, Any] = {name: 1 if value == 16 else value for name, value in some_params(op).items()}
    run(op, tiny.getvalue(), **params)
