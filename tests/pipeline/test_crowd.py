"""A test with 200 photos at once: every variant is made once, and there is no dead letter."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.ops.running import CATALOGUE
from tests.pictures.large import large_photo
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.waiting import wait_for
from umbel_core.ledger import JobRecord

pytestmark = pytest.mark.engine

PHOTOS = 200


def test_two_hundred_photos_at_once_make_eight_hundred_variants(
    api: ApiClient, deployed: Deployed, upload: Callable[[str, bytes], None]
) -> None:
    photo = large_photo(816, 612)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda index: upload(f"uploads/crowd/{index}.jpg", photo), range(PHOTOS)))

    def ended() -> list[JobRecord] | None:
        jobs, _ = deployed.ledger.jobs(PHOTOS, None)
        return jobs if all(job.ended and (job.source or "").startswith("uploads/crowd/") for job in jobs) else None

    jobs = wait_for(ended, f"{PHOTOS} jobs to end", timeout=240, every=1)
    assert len({job.source for job in jobs}) == PHOTOS
    assert {(job.status, job.total, job.completed, job.failed) for job in jobs} == {("completed", 4, 4, 0)}
    for job in jobs:
        tasks, _ = deployed.ledger.tasks(job.id, None, 10, None)
        assert [(task.status, task.attempts) for task in tasks] == [("completed", 1)] * 4
        assert len(deployed.results(job.id)) == 4
    assert not [op for op in (*CATALOGUE, "intake") if deployed.ledger.dead_letters(op)]
    assert api.get("/health").body["status"] == "ok"
