"""Tasks of a batch -> CloudWatch: how many of an op's tasks ended and how, how long they ran, and how often."""

from collections.abc import Sequence

from aws_lambda_powertools.metrics import MetricUnit

from umbel_core import metrics
from umbel_core.executions import TASK_DURATION, TASK_EXECUTIONS, TASKS_COMPLETED, TASKS_FAILED
from umbel_core.ledger import Outcome


def write(deployment: str, op: str, ended: Sequence[Outcome]) -> None:
    """Write one line for the tasks that ended in this batch; nothing when none did.

    The executions are all attempts of the tasks that ran: on average 1 when nothing was repeated.
    """
    if not ended:
        return
    ran = [outcome for outcome in ended if outcome.duration_ms is not None]
    metrics.write(
        deployment,
        {
            TASKS_COMPLETED: (MetricUnit.Count, [sum(outcome.status == "completed" for outcome in ended)]),
            TASKS_FAILED: (MetricUnit.Count, [sum(outcome.status == "failed" for outcome in ended)]),
            TASK_DURATION: (MetricUnit.Milliseconds, [float(outcome.duration_ms or 0) for outcome in ran]),
            TASK_EXECUTIONS: (MetricUnit.Count, [float(outcome.attempts or 1) for outcome in ran]),
        },
        {"op": op},
    )
