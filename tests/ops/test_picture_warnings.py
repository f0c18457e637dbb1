"""A result says what it lacks of its picture: the gain map of a phone's HDR photo, or the profile of inks."""

from collections.abc import Iterator

import pytest
from PIL import Image, ImageCms

from tests.ops.measuring import look_alike
from tests.ops.running import LIMITS, PICTURE_OPS, run, some_params
from tests.pictures import odd_heic
from tests.pictures.odd_avif import box, with_properties
from tests.pictures.odd_heic import Item, aperture_of, auxiliary, coded, heic, reference
from tests.pictures.odd_jxl import in_boxes, jxl
from tests.pictures.scene import INKS, saved, scene
from worker.codecs.writing import Encoded
from worker.pictures import StoredPicture

APPLES = b"urn:com:apple:photo:2020:aux:hdrgainmap"
NAMESPACE = b"http://ns.adobe.com/xap/1.0/\0"
ULTRA_HDR = NAMESPACE + b'<x:xmpmeta><rdf:Description hdrgm:Version="1.0"/><Item Item:Semantic="GainMap"/></x:xmpmeta>'


def segment(marker: int, content: bytes) -> bytes:
    """Encode a segment of a JPEG."""
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2) + content


def jpeg(*segments: bytes, behind: bytes = b"") -> bytes:
    """Return the scene as a JPEG with these segments, and with another picture behind it."""
    whole = saved(scene(), "JPEG", quality=95)
    return whole[:2] + b"".join(segments) + whole[2:] + behind


def files() -> Iterator[tuple[str, bytes]]:
    """Yield pictures of the scene that have a gain map."""
    small = saved(scene().convert("L").resize((24, 16)), "JPEG", xmp=b"<x>" + APPLES + b"</x>")
    yield "ultra hdr", jpeg(segment(0xE1, ULTRA_HDR), behind=small)
    yield "iso jpeg", jpeg(segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0"), behind=small)
    yield "apple jpeg", jpeg(segment(0xE2, b"MPF\0II*\0"), behind=small)
    main, gains = coded("colour", aperture_of("colour")), coded("gray", auxiliary(APPLES))
    yield "apple heic", heic(main, gains, references=reference(b"auxl", 2, 1))
    yield "iso heic", heic(main, coded("gray"), Item(b"tmap", bytes(70)), references=reference(b"dimg", 3, 1, 2))
    yield "jxl", in_boxes(jxl(scene()), box(b"jhgm", bytes(40)))


@pytest.mark.parametrize(("name", "data"), list(files()))
def test_the_picture_for_every_screen_is_right_and_the_dropped_gain_map_is_named(name: str, data: bytes) -> None:
    picture = StoredPicture(data, LIMITS)
    assert look_alike(picture.image(), scene())
    (warning,) = picture.warnings
    assert (warning.code, picture.frames) == ("gain_map_dropped", 1)
    assert "gain map" in warning.message
    for op in PICTURE_OPS:
        made = run(op, data, **some_params(op))
        assert not isinstance(made, Encoded) or b"hdrgm" not in made.data


@pytest.mark.parametrize(
    "data",
    [
        jpeg(),
        jpeg(behind=saved(scene(), "JPEG")),
        jpeg(segment(0xE2, b"MPF\0II*\0"), behind=saved(scene(), "JPEG")),
        odd_heic.stored("clear"),
        with_properties(scene()),
        jxl(scene()),
    ],
)
def test_a_preview_or_an_alpha_is_no_gain_map(data: bytes) -> None:
    assert StoredPicture(data, LIMITS).warnings == []


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_without_a_profile_are_guessed_and_the_result_says_so(kind: str) -> None:
    inks = Image.new("CMYK", (2, 2))
    inks.putdata(INKS)
    for settings in ({}, {"icc_profile": b"no profile" * 20}, {"icc_profile": rgb_profile()}):
        (warning,) = StoredPicture(saved(inks, kind, **settings), LIMITS).warnings
        assert warning.code == "profile_guessed"
        assert "CMYK" in warning.message
    assert StoredPicture(saved(scene(), kind), LIMITS).warnings == []


def rgb_profile() -> bytes:
    """Return a profile that does not fit inks."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
