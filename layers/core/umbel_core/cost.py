"""The cost of a job and of its tasks by the price table, in nano-dollars, for `cost_usd`.

All services are included that work for the job, and every run of a task, also one that failed or was one too many. Not
included: messages to open pages, requests that read, storage, and transfer to the Internet.
"""

from typing import TYPE_CHECKING

from umbel_core import usage
from umbel_core.contract.limits import KEPT_VARIANTS

if TYPE_CHECKING:
    from umbel_core.op import OpCard


def plan_cost_nano(tasks: int) -> int:
    """Return what a job costs before its first task runs."""
    return usage.nano(usage.planned_job(tasks, is_small=tasks <= KEPT_VARIANTS))


def run_cost_nano(duration_ms: float, card: "OpCard", *, tasks: int = 1) -> int:
    """Return what one run of an op costs, with its share of the message, which is for so many tasks."""
    file, picture = card.carrier == "file", card.returns == "picture"
    run = usage.run(duration_ms, card.compute.memory_mb, file=file, picture=picture, tasks=tasks)
    message = usage.times(1 / tasks, usage.queued_task(ordered=card.compute.ordered))
    return usage.nano(usage.total(message, run))


def lost_run_cost_nano(card: "OpCard") -> int:
    """Return the most that a run costs that stopped its worker: nothing says how long it ran."""
    return run_cost_nano(card.compute.timeout_seconds * 1000, card)


def count_cost_nano(jobs: int) -> int:
    """Return each job's share of what it costs to count a batch of changes of so many jobs."""
    return usage.nano(usage.counted_batch(jobs)) // jobs
