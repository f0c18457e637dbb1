"""Finds the tasks of an unfinished job for which no message can be waiting, so that a retry has them sent again."""

from api.wiring import catalogue, lanes, ledger
from umbel_core.in_flight import sent_tasks
from umbel_core.lanes import Backlog
from umbel_core.ledger import JobRecord

_EMPTY = Backlog(waiting=0, in_flight=0)


def silent_tasks(job: JobRecord) -> list[int]:
    """Return the pending tasks of a job whose lanes have no message, waiting or in flight.

    SQS's numbers may lag, and a message may arrive at this moment: a task that is sent twice still ends once.
    """
    if job.ended or not job.planned:
        return []
    pending = [task for task in sent_tasks(job, ledger().all_tasks(job.id, "pending")) if task.op in catalogue()]
    if not pending:
        return []
    lane_of = {task.index: catalogue().lane_of(task.op, fused=task.fused) for task in pending}
    backlogs = lanes().backlogs({lane: catalogue().lanes[lane] for lane in lane_of.values()})
    return [index for index, lane in lane_of.items() if backlogs.get(lane) == _EMPTY]
