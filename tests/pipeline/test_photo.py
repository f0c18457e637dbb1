"""Tests of an uploaded photo's variants: their pixels, their missing metadata, and where they are listed."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageFilter, ImageOps
from PIL.Image import Resampling, Transpose

from tests.ops.measuring import psnr
from tests.pictures.large import large_photo
from tests.pictures.scene import GPS, private
from tests.pipeline.api import ApiClient, open_link
from tests.pipeline.deployment import Deployed
from umbel_core.ledger import JobRecord

pytestmark = pytest.mark.engine

KEY = "uploads/holiday 12 MP.jpg"


@pytest.fixture(scope="module")
def photo() -> bytes:
    """Return a photo of 12 MP, stored rotated with EXIF orientation 6, with GPS coordinates in its metadata."""
    out = BytesIO()
    Image.open(BytesIO(large_photo())).save(out, "JPEG", quality=90, exif=private(6))
    return out.getvalue()


@pytest.fixture(scope="module")
def job(photo: bytes, upload: Callable[[str, bytes], None], job_for: Callable[[str], JobRecord]) -> JobRecord:
    upload(KEY, photo)
    return job_for(KEY)


@pytest.fixture(scope="module")
def variants(deployed: Deployed, job: JobRecord) -> dict[str, bytes]:
    return {name: deployed.result(variant["key"]) for name, variant in job.variants.items()}


@pytest.fixture(scope="module")
def seen(photo: bytes) -> Image.Image:
    """Return the photo as a person sees it."""
    upright = ImageOps.exif_transpose(Image.open(BytesIO(photo)))
    assert upright.size == (3024, 4032)
    return upright


def test_a_12_mp_photo_gives_four_variants(deployed: Deployed, job: JobRecord) -> None:
    assert (job.status, job.total, job.completed, job.failed) == ("completed", 4, 4, 0)
    names = ("thumbnail", "grayscale", "blur", "rotate90")
    assert deployed.results(job.id) == {f"{job.id}/{name}.jpg" for name in names}


@pytest.mark.parametrize(
    ("name", "expected", "least"),
    [
        ("thumbnail", lambda seen: seen.resize((192, 256), Resampling.LANCZOS), 32),
        ("grayscale", lambda seen: seen.convert("L"), 36),
        ("blur", lambda seen: seen.filter(ImageFilter.GaussianBlur(4)), 40),
        ("rotate90", lambda seen: seen.transpose(Transpose.ROTATE_270), 34),
    ],
)
def test_a_variants_pixels_are_those_that_pillow_computes(
    variants: dict[str, bytes],
    seen: Image.Image,
    name: str,
    expected: Callable[[Image.Image], Image.Image],
    least: float,
) -> None:
    right = expected(seen)
    made = Image.open(BytesIO(variants[name]))
    assert (made.format, made.size, made.mode) == ("JPEG", right.size, right.mode)
    assert psnr(made, right) > least


def test_no_variant_has_metadata_of_the_photo(variants: dict[str, bytes]) -> None:
    for data in variants.values():
        exif = Image.open(BytesIO(data)).getexif()
        assert not exif
        assert not exif.get_ifd(GPS)
        assert b"secret" not in data
        assert b"Exif" not in data


def test_the_ledger_has_every_variants_size_and_format(
    job: JobRecord, variants: dict[str, bytes], deployed: Deployed
) -> None:
    tasks, _ = deployed.ledger.tasks(job.id, None, 10, None)
    assert {task.variant: (task.status, task.attempts) for task in tasks} == dict.fromkeys(variants, ("completed", 1))
    for task in tasks:
        made = Image.open(BytesIO(variants[task.variant]))
        assert (task.result["width"], task.result["height"]) == made.size
        assert task.result["bytes"] == len(variants[task.variant])
        assert task.result["content_type"] == "image/jpeg"


def test_get_images_has_a_working_link_for_every_variant(
    api: ApiClient, job: JobRecord, variants: dict[str, bytes]
) -> None:
    links = api.get("/images").body[job.id]
    assert {name: open_link(url) for name, url in links.items()} == variants


def test_an_upload_into_a_recipes_folder_uses_that_recipe(
    upload: Callable[[str, bytes], None], job_for: Callable[[str], JobRecord], photos: dict[str, bytes]
) -> None:
    upload("uploads/hero/hubble.jpg", photos["hubble.jpg"])
    job = job_for("uploads/hero/hubble.jpg")
    assert (job.recipe, job.status) == ("hero", "completed")
    made = {name: (each["format"], each["width"], each["height"]) for name, each in job.variants.items()}
    sizes = {"large": (1000, 872), "medium": (960, 837), "small": (480, 419)}
    assert made == {
        f"{name}-{kind}": (kind, *size) for name, size in sizes.items() for kind in ("avif", "webp", "jpeg")
    }


def test_an_upload_into_another_folder_uses_the_default_recipe(
    upload: Callable[[str, bytes], None], job_for: Callable[[str], JobRecord], photos: dict[str, bytes]
) -> None:
    upload("uploads/no-such-recipe/cat.jpg", photos["cat.jpg"])
    job = job_for("uploads/no-such-recipe/cat.jpg")
    assert (job.recipe, job.status, job.completed) == ("default", "completed", 4)
