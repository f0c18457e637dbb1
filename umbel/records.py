"""Jobs and tasks as the contract writes them. Fields that this version does not know are let pass."""

from typing import Any

import msgspec

ENDED = frozenset({"completed", "failed", "cancelled"})


class Problem(msgspec.Struct, frozen=True):
    """Why something failed: a word for programs and a sentence for people."""

    code: str = ""
    message: str = ""


class Counts(msgspec.Struct, frozen=True):
    """How many of a job's tasks are where."""

    total: int = 0
    completed: int = 0
    failed: int = 0
    skipped: int = 0


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One result of a picture."""

    status: str = "pending"
    key: str | None = None
    """Of a result that is a file; a link to it is in `url`."""
    url: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    duration_ms: float | None = None
    error: Problem | None = None
    version: int = 0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The tasks of one request."""

    id: str
    kind: str = ""
    name: str | None = None
    status: str = "pending"
    counts: Counts = Counts()
    created_at: str = ""
    updated_at: str = ""
    errors: list[dict[str, Any]] = []
    cost_usd: float | None = None
    version: int = 0
    variants: dict[str, Variant] = {}

    @property
    def ended(self) -> bool:
        """True when nothing of it will run any more."""
        return self.status in ENDED

    @property
    def well(self) -> bool:
        """True when it ended and every task completed."""
        return self.status == "completed"

    @property
    def sentences(self) -> list[str]:
        """What went wrong, for people."""
        of_job = [str(error.get("message") or error.get("error") or error) for error in self.errors]
        of_variants = [variant.error.message for variant in self.variants.values() if variant.error]
        return list(dict.fromkeys(of_job + of_variants))


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One op on one input."""

    id: str
    job_id: str = ""
    op: str = ""
    variant: str | None = None
    input: Any = None
    group: str | None = None
    status: str = "pending"
    result: Any = None
    error: Problem | None = None
    attempts: int = 0
    duration_ms: float | None = None
    version: int = 0

    def as_variant(self) -> Variant:
        """What a picture's job keeps of it."""
        made = self.result if isinstance(self.result, dict) else {}
        own = {"status": self.status, "duration_ms": self.duration_ms, "error": self.error, "version": self.version}
        return msgspec.convert({**made, **own}, Variant, from_attributes=True)


class Board:
    """The newest known state of some jobs. A record applies only when it is no older than what is known."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def ended(self, name: str) -> bool:
        """True when this job is known to have ended."""
        return name in self.jobs and self.jobs[name].ended

    def take_job(self, job: Job) -> Job:
        """Apply a job's record; gives what is known then."""
        known = self.jobs.get(job.id)
        if known:
            older, newer = sorted((known, job), key=lambda each: each.version)
            merged = {name: _newer(variant, older.variants.get(name)) for name, variant in newer.variants.items()}
            job = msgspec.structs.replace(newer, variants={**older.variants, **merged})
        self.jobs[job.id] = job
        return job

    def take_task(self, task: Task) -> Job | None:
        """Apply a task's record to its job's variant at once, ahead of the job's own record."""
        job = self.jobs.get(task.job_id)
        if job is None or task.variant is None:
            return job
        variant = _newer(task.as_variant(), job.variants.get(task.variant))
        self.jobs[job.id] = msgspec.structs.replace(job, variants={**job.variants, task.variant: variant})
        return self.jobs[job.id]


def _newer(arrived: Variant, known: Variant | None) -> Variant:
    return known if known and known.version > arrived.version else arrived
