"""What each step of a job takes of AWS's services, in the units of the price table.

The counts are those of the adapters: tests/core/test_usage.py compares the writes to DynamoDB with real records.
"""

from collections.abc import Mapping
from math import ceil

from umbel_core.prices import PRICES

Usage = Mapping[str, float]
"""Name of a price -> number of units."""
ROLE_MB = 512
"""Memory of the coordinator and of the relay."""
PLAN_MS = 40.0
PLAN_TASK_MS = 5.0
"""The coordinator's time for a job, and for each of its tasks: two to four calls of 5 to 10 ms each."""
HANDLER_MS = 12.0
"""A worker's time for a task beside the op: the message, the commit, one line of the log."""
RELAY_MS = 45.0
"""The relay's time for a batch: two reads, a transaction, the messages to open pages."""
LOG_BYTES = 1800
"""An invocation's log: Lambda's own start and report as JSON, and a line of ours."""
TRACED = 0.05
"""The part of the invocations that X-Ray records beside the first of each second."""
_TRANSACTION = 2
"""A write in a transaction counts twice."""


def total(*parts: Usage) -> dict[str, float]:
    """Return the sum of several usages."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: sum(part.get(name, 0) for part in parts) for name in names}


def times(count: float, part: Usage) -> dict[str, float]:
    """Return a usage that happens so many times."""
    return {name: count * number for name, number in part.items()}


def nano(usage: Usage) -> int:
    """Return what a usage costs in nano-dollars."""
    return round(sum(PRICES[name].nano * number for name, number in usage.items()))


def invocation(duration_ms: float, memory_mb: int) -> Usage:
    """Return the usage of one invocation of a function: Lambda, its log and its trace."""
    return {
        "lambda_request": 1,
        "lambda_gb_second": ceil(duration_ms) / 1000 * memory_mb / 1024,
        "log_gb": LOG_BYTES / 1e9,
        "trace": TRACED,
    }


def planned_job(tasks: int, *, is_small: bool) -> Usage:
    """Return what a job takes from its upload until its tasks are published.

    S3 sends one message about the object, which the coordinator receives and deletes. It writes the job, its tasks and
    the count of its tasks in transactions; the job's record is in two indexes.
    """
    writes = _TRANSACTION * (tasks + 2) + 2
    return total(
        {
            "s3_write": 1,
            "s3_read": 0 if is_small else 1,
            "sqs_request": 3,
            "dynamodb_write": writes,
            "sns_publish": ceil(tasks / 10),
        },
        invocation(PLAN_MS + PLAN_TASK_MS * tasks, ROLE_MB),
    )


def queued_task(*, ordered: bool = False) -> Usage:
    """Return what one delivery of a task takes: SNS sends its message to the lane, which receives and deletes it."""
    return {"sqs_fifo_request" if ordered else "sqs_request": 3}


def run(duration_ms: float, memory_mb: int, *, file: bool, picture: bool, tasks: int = 1) -> Usage:
    """Return what one run of a task takes: its input, the op, its result, the write of its end.

    So many tasks of one message share the invocation and the file.
    """
    invoked = invocation(duration_ms + HANDLER_MS, memory_mb)
    shared = {name: invoked[name] / tasks for name in ("lambda_request", "trace")}
    return total(
        {**invoked, **shared},
        {
            "s3_read": int(file) / tasks,
            "s3_write": int(picture),
            "dynamodb_read": 1,
            "dynamodb_write": 2 if picture else 1,
        },
    )


def counted_batch(jobs: int) -> Usage:
    """Return what the relay takes for one batch of the stream, with changes of so many jobs.

    It reads the jobs, its own slot of the op stats and the subscribers; it writes the jobs (2 kB each) and the slot
    (2 kB) in a transaction, and the jobs' status into their index. The jobs' changes come back through the stream.
    """
    reads = jobs + 1 + jobs + 1
    usage = {"dynamodb_read": reads, "dynamodb_write": _TRANSACTION * (2 * jobs + 2) + jobs}
    return total(usage, times(2, invocation(RELAY_MS, ROLE_MB)))


def pushed(messages: float, connections: int) -> Usage:
    """Return what it takes to send messages to open pages. It is no part of a job's cost: it grows with the viewers."""
    return {"socket_message": messages * connections}
