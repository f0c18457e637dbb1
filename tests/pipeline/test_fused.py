"""A fused recipe: one worker makes all variants of a picture from one message, and each ends by itself."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

from tests.ops.measuring import psnr
from tests.pipeline.deployment import Deployed
from tests.pipeline.logs import log_lines
from tests.pipeline.waiting import wait_for
from umbel_core.fused_lane import FUSED
from umbel_core.ledger import JobRecord

pytestmark = pytest.mark.engine

Uploads = Callable[[str, bytes], None]
Jobs = Callable[..., JobRecord]


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def test_a_fused_upload_has_the_results_of_one_that_is_not_fused(
    deployed: Deployed, upload: Uploads, job_for: Jobs, photos: dict[str, bytes]
) -> None:
    for key in ("uploads/apart.jpg", "uploads/together/photo.jpg"):
        upload(key, photos["coffee.jpg"])
    apart, fused = job_for("uploads/apart.jpg"), job_for("uploads/together/photo.jpg")
    assert (fused.recipe, fused.status, fused.completed) == ("together", "completed", 6)
    for name in apart.variants:
        one, other = (opened(deployed.result(each[name]["key"])) for each in (apart.variants, fused.variants))
        assert (one.format, one.size) == (other.format, other.size)
        assert psnr(one, other) > 34, name
    turned = [deployed.result(job.variants["rotate90"]["key"]) for job in (apart, fused)]
    assert turned[0] == turned[1], "of the whole picture, the bytes are the same"


def test_one_worker_of_the_lane_of_fused_recipes_makes_all_variants(
    deployed: Deployed, upload: Uploads, job_for: Jobs, photos: dict[str, bytes]
) -> None:
    upload("uploads/together/one.jpg", photos["coffee.jpg"])
    job = job_for("uploads/together/one.jpg")
    tasks = list(deployed.ledger.all_tasks(job.id))
    assert (len(tasks), len({task.worker for task in tasks})) == (6, 1)

    def ended() -> list[str]:
        lines = [line for line in log_lines(deployed, job.id) if "task ended" in line.text]
        return groups if len(groups := [line.group for line in lines]) == len(tasks) else []

    assert set(wait_for(ended, "the lines of all tasks")) == {f"/aws/lambda/umbel-op-{FUSED}"}


def test_a_variant_that_is_refused_fails_alone(deployed: Deployed, upload: Uploads, job_for: Jobs) -> None:
    small = BytesIO()
    Image.new("RGB", (64, 48), "red").save(small, "PNG")
    upload("uploads/together/small.png", small.getvalue())
    job = job_for("uploads/together/small.png")
    assert (job.status, job.completed, [error.code for error in job.errors]) == ("failed", 5, ["crop_outside"])
    assert job.errors[0].variant == "part"
