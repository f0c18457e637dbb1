"""The newest state of a job and its tasks, in whatever order messages arrive."""

import time

from umbel_core.contract import Job, Task


class JobState:
    """The newest known record of one job, and which of its tasks are known to have ended."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self.heard_at = time.monotonic()
        """When the last record of the job or of one of its tasks arrived."""
        self.ended = False
        """True once the job's last record, with all its tasks, was passed on."""
        self.first_open_page: str | None = None
        """Cursor of the first page of its tasks on which not all have ended."""
        self._versions: dict[str, int] = {}
        self._ended_tasks: set[str] = set()

    def is_news(self, record: Job | Task) -> bool:
        """Store the record and return True; return False when a record of this or a later version is known."""
        self.heard_at = time.monotonic()
        known = self.job.version if self.job else -1
        if isinstance(record, Task):
            known = self._versions.get(record.id, -1)
        if record.version <= known:
            return False
        if isinstance(record, Job):
            self.job = record
            return True
        self._versions[record.id] = record.version
        (self._ended_tasks.add if record.ended else self._ended_tasks.discard)(record.id)
        return True

    @property
    def misses_tasks(self) -> bool:
        """True when more tasks have ended than are known."""
        return self.job is not None and self.job.counts.ended > len(self._ended_tasks)
