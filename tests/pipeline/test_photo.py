"""A photo copied in gives its variants: right, private, and to be found in the bucket, the ledger and the API."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageFilter, ImageOps
from PIL.Image import Resampling, Transpose

from tests.ops.measuring import psnr
from tests.pictures.large import large_photo
from tests.pictures.scene import GPS, private
from tests.pipeline.api import Api, open_link
from tests.pipeline.deployment import Deployed
from umbel_core.ledger import Job

pytestmark = pytest.mark.engine

KEY = "uploads/holiday 12 MP.jpg"


@pytest.fixture(scope="module")
def photo() -> bytes:
    """12 MP, held upright: stored lying on its side, with a place in its metadata."""
    out = BytesIO()
    Image.open(BytesIO(large_photo())).save(out, "JPEG", quality=90, exif=private(6))
    return out.getvalue()


@pytest.fixture(scope="module")
def job(photo: bytes, upload: Callable[[str, bytes], None], job_for: Callable[[str], Job]) -> Job:
    upload(KEY, photo)
    return job_for(KEY)


@pytest.fixture(scope="module")
def variants(deployed: Deployed, job: Job) -> dict[str, bytes]:
    return {name: deployed.result(kept["key"]) for name, kept in job.variants.items()}


@pytest.fixture(scope="module")
def seen(photo: bytes) -> Image.Image:
    """The photo as a person sees it."""
    upright = ImageOps.exif_transpose(Image.open(BytesIO(photo)))
    assert upright.size == (3024, 4032)
    return upright


def test_a_12_mp_photo_gives_four_variants(deployed: Deployed, job: Job) -> None:
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
def test_a_variants_pixels_are_those_that_pillow_makes(
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


def test_no_variant_says_where_the_photo_was_taken(variants: dict[str, bytes]) -> None:
    for data in variants.values():
        exif = Image.open(BytesIO(data)).getexif()
        assert not exif
        assert not exif.get_ifd(GPS)
        assert b"secret" not in data
        assert b"Exif" not in data


def test_the_ledger_knows_what_was_made(job: Job, variants: dict[str, bytes], deployed: Deployed) -> None:
    tasks, _ = deployed.ledger.tasks(job.id, None, 10, None)
    assert {task.variant: (task.status, task.attempts) for task in tasks} == dict.fromkeys(variants, ("completed", 1))
    for task in tasks:
        made = Image.open(BytesIO(variants[task.variant]))
        assert (task.result["width"], task.result["height"]) == made.size
        assert task.result["bytes"] == len(variants[task.variant])
        assert task.result["content_type"] == "image/jpeg"


def test_every_variant_opens_from_the_list_of_images(api: Api, job: Job, variants: dict[str, bytes]) -> None:
    links = api.get("/images").body[job.id]
    assert {name: open_link(url) for name, url in links.items()} == variants


def test_a_recipes_folder_takes_its_recipe(
    upload: Callable[[str, bytes], None], job_for: Callable[[str], Job], photos: dict[str, bytes]
) -> None:
    upload("uploads/hero/hubble.jpg", photos["hubble.jpg"])
    job = job_for("uploads/hero/hubble.jpg")
    assert (job.recipe, job.status) == ("hero", "completed")
    made = {name: (kept["format"], kept["width"], kept["height"]) for name, kept in job.variants.items()}
    assert made == {"large": ("jpeg", 1000, 872), "small": ("webp", 480, 419)}


def test_a_folder_that_is_no_recipe_takes_the_default_one(
    upload: Callable[[str, bytes], None], job_for: Callable[[str], Job], photos: dict[str, bytes]
) -> None:
    upload("uploads/no-such-recipe/cat.jpg", photos["cat.jpg"])
    job = job_for("uploads/no-such-recipe/cat.jpg")
    assert (job.recipe, job.status, job.completed) == ("default", "completed", 4)
