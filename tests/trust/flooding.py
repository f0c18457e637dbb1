"""A job of ten thousand tasks while single pictures are uploaded: nothing of either is lost."""

import os
import time
from pathlib import Path
from statistics import median

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed, deployment
from tests.pipeline.shapes import ENDED, parse_time
from tests.pipeline.waiting import wait_for
from tests.trust.section import Section
from umbel.paths import ROOT
from umbel_core.ledger import JobRecord

TASKS = 10_000
_VARIANTS = 4
_PAUSE_SECONDS = 3
_LONGEST_SECONDS = 900
_PHOTO = ROOT / "tests" / "pictures" / "cat.jpg"
_ABOUT = f"""\
One manifest of {TASKS} tasks is sent, and a picture is uploaded every {_PAUSE_SECONDS} seconds until the job has ended.
Every result is compared with the right one. How long the pictures take beside the job is shown, not judged."""


def run() -> Section:
    """Deploy Umbel to an engine of its own and flood it."""
    with deployment(Path(os.environ["UMBEL_HOME"], "ops"), allowed="", keep_running=False) as deployed:
        api = ApiClient(deployed.stack.api, deployed.token("operator"))
        return _flood(api, deployed)


def _flood(api: ApiClient, deployed: Deployed) -> Section:
    start = time.monotonic()
    words = [f"word {index}" for index in range(TASKS)]
    job = api.run(*({"op": "reverse", "input": word} for word in words))
    uploaded: list[str] = []

    def ended() -> bool:
        uploaded.append(f"uploads/flood/{len(uploaded)}.jpg")
        deployed.localstack_s3.put_object(
            Bucket=deployed.stack.uploads_bucket, Key=uploaded[-1], Body=_PHOTO.read_bytes()
        )
        return api.get(f"/jobs/{job}").body["status"] in ENDED

    wait_for(ended, "the large job to end", timeout=_LONGEST_SECONDS, every=_PAUSE_SECONDS)
    seconds = time.monotonic() - start
    pictures = wait_for(lambda: _pictures(deployed, uploaded), "all pictures to end", timeout=120, every=1)
    tasks = api.tasks(job)
    wrong = [task["id"] for task, word in zip(tasks, words, strict=True) if task["result"] != word[::-1]]
    unfinished = [
        picture.source or "" for picture in pictures if (picture.status, picture.completed) != ("completed", _VARIANTS)
    ]
    letters = [op for op in ("reverse", "intake") if deployed.ledger.dead_letters(op)]
    errors = [f"wrong or missing results: {', '.join(wrong[:10])}"] if wrong else []
    errors += [f"pictures without all variants: {', '.join(unfinished)}"] if unfinished else []
    errors += [f"dead letters of {', '.join(letters)}"] if letters else []
    numbers: dict[str, int | str] = {
        "tasks": len(tasks),
        "results missing or wrong": len(wrong),
        "the large job": f"{seconds:.0f} s",
        "pictures uploaded meanwhile": len(pictures),
        "pictures without all variants": len(unfinished),
        "a picture, from upload to its last variant (median)": f"{median(map(_seconds, pictures)):.1f} s",
    }
    return Section("A flood beside single pictures", numbers, errors, _ABOUT)


def _pictures(deployed: Deployed, keys: list[str]) -> list[JobRecord] | None:
    """Return the jobs of these uploads when all have ended."""
    jobs, _ = deployed.ledger.jobs(len(keys) + 1, None)  # and the large one
    found = [job for job in jobs if job.source in keys and job.ended]
    return found if len(found) == len(keys) else None


def _seconds(job: JobRecord) -> float:
    return parse_time(job.updated_at).timestamp() - parse_time(job.created_at).timestamp()
