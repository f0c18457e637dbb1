"""Clock -> CloudWatch: how often each op ran for each of its tasks, so that an alarm shows repeated work."""

from datetime import datetime

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

from umbel_core import metrics
from umbel_core.executions import EXECUTIONS, MIN_RUNS
from umbel_core.op_stats import Counters
from umbel_core.stats import hour_of, since


class Executions(msgspec.Struct, frozen=True):
    """Writes the metric of one deployment."""

    counters: Counters
    deployment: str
    logger: Logger

    def record(self, at: datetime) -> dict[str, float]:
        """Write a value for each op that ran often enough in the last hour; return what was written.

        When the counters cannot be read, that is logged: the next minute's run records again.
        """
        try:
            counted = self.counters.counted(since(at))
        except Exception:
            self.logger.exception("executions not recorded")
            return {}
        hours = {op: hour_of(op, counted) for ops in counted.minutes.values() for op in sorted(ops)}
        ratios = {op: hour.executions_per_task for op, hour in hours.items() if hour.runs >= MIN_RUNS}
        found = {op: ratio for op, ratio in ratios.items() if ratio is not None}
        if found:
            metrics.write(self.deployment, {EXECUTIONS: (MetricUnit.NoUnit, found.values())}, ops=found)
        return found
