"""What one upload takes on its way through the pipeline."""

import msgspec

from umbel_core import usage
from umbel_core.usage import Usage

CPU_FACTOR = 1.5
"""Lambda's time for what takes a millisecond of CPU on the machine of docs/performance.md: an assumption."""
S3_MS = 30.0
"""Until S3 answers a GET or a PUT."""
S3_MB_PER_SECOND = 80.0
BATCHES_ALONE = 2.0
"""Batches of the stream that count a job of four tasks which runs alone: `bench calls` finds 1 to 3."""
_BATCHES_UNDER_LOAD = 1.5
"""Batches of the stream that count a job of four tasks which runs among others."""
CHANGES_PER_BATCH = 40.0
"""Changes in a batch of the stream under load, of the 90 that it may have."""
_PUSHES_BESIDE_COUNTS = 1.0
"""Messages that a page gets about a small job beside one for each batch that counts it: it is planned."""


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A picture and the variants that it gets."""

    variants_ms: tuple[float, ...]
    """CPU time of each variant, as docs/performance.md has it."""
    megabytes: float
    results_mb: float
    """Of all results together."""
    memory_mb: int = 1769

    def run_ms(self, cpu_ms: float) -> float:
        """Return the time of one run on AWS: it reads the upload, works, and writes its result."""
        transfer = (self.megabytes + self.results_mb / len(self.variants_ms)) / S3_MB_PER_SECOND * 1000
        return cpu_ms * CPU_FACTOR + 2 * S3_MS + transfer

    def usage(self, batches: float) -> Usage:
        """Return what the upload takes of all services, when so many batches of the stream count it."""
        tasks = len(self.variants_ms)
        runs = (usage.run(self.run_ms(ms), self.memory_mb, file=True, picture=True) for ms in self.variants_ms)
        return usage.total(
            usage.planned_job(tasks, is_small=True),
            usage.times(tasks, usage.queued_task()),
            *runs,
            usage.times(batches, usage.counted_batch(1)),
        )

    @property
    def alone(self) -> Usage:
        """What it takes when nothing else is at work."""
        return self.usage(BATCHES_ALONE)

    @property
    def under_load(self) -> Usage:
        """What it takes when many uploads share the batches of the stream; each job is still written by some."""
        jobs = CHANGES_PER_BATCH / (len(self.variants_ms) + 1)
        shared = usage.times(1 / jobs, usage.counted_batch(round(jobs)))
        return usage.total(self.usage(0), usage.times(_BATCHES_UNDER_LOAD, shared))

    def pushes(self) -> Usage:
        """Return what it takes to show the upload's progress in one open page."""
        return usage.pushed(BATCHES_ALONE + _PUSHES_BESIDE_COUNTS, 1)
