"""The statistics as metrics of Prometheus: counters end in _total, times are in seconds, the label is the op."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from umbel_core.contract import StatsOfOp
from umbel_core.op_stats import OpStats
from umbel_core.stats import StatsInput, compute_stats

if TYPE_CHECKING:
    from prometheus_client.core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Value = float | None
_COUNTERS: dict[str, tuple[str, Callable[[OpStats], Value]]] = {
    "queued": ("Tasks that were queued; a retry queues a task again.", lambda op: op.entered.get("pending", 0)),
    "completed": ("Tasks that completed.", lambda op: op.entered.get("completed", 0)),
    "failed": ("Tasks that failed; a retry may fail again.", lambda op: op.entered.get("failed", 0)),
    "skipped": ("Tasks that were skipped: cancelled, or behind a failure.", lambda op: op.entered.get("skipped", 0)),
}
_GAUGES: dict[str, tuple[str, Callable[[StatsOfOp], Value]]] = {
    "tasks_pending": ("Tasks that wait.", lambda op: op.pending),
    "tasks_running": ("Tasks that have run for a second or more.", lambda op: op.running),
    "tasks_per_minute": ("Tasks that ended in the last minute.", lambda op: op.throughput_per_minute),
    "executions_per_task": (
        "Runs of the op for each task that ran in the last hour; 1 when nothing ran twice.",
        lambda op: op.executions_per_task,
    ),
    "oldest_task_age_seconds": ("How long the longest waiting task has waited.", lambda op: op.oldest_age_seconds),
    "queue_messages": ("Messages that wait in the op's queue.", lambda op: op.queue_depth),
    "queue_messages_in_flight": ("Messages of the op's queue that are with a worker.", lambda op: op.in_flight),
    "active_workers": (
        "Execution environments that ended a task within the last minute.",
        lambda op: op.active_workers,
    ),
    "op_concurrency": ("How many of the op may run at a time.", lambda op: op.concurrency),
    "op_ready": ("1 when the op's lane is ready, 0 when it is paused or degraded.", lambda op: op.state == "ready"),
    "op_last_success_timestamp_seconds": (
        "When a task of the op last completed.",
        lambda op: datetime.fromisoformat(op.last_success_at).timestamp() if op.last_success_at else None,
    ),
}


def text(ops: Iterable[str], seen: StatsInput) -> str:
    """Return the document that Prometheus scrapes."""
    from prometheus_client import generate_latest  # noqa: PLC0415 - it would double the cold start of every other call

    return generate_latest(_Collector(list(ops), seen)).decode()


class _Collector(msgspec.Struct, frozen=True):
    """What `generate_latest` collects from: all metrics of one moment."""

    ops: list[str]
    seen: StatsInput

    def collect(self) -> Iterator["Metric"]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 - as above

        current = compute_stats(self.ops, self.seen).ops
        for name, (meaning, count) in _COUNTERS.items():
            counter = CounterMetricFamily(f"umbel_tasks_{name}", meaning, labels=["op"])
            for op in self.ops:
                counter.add_metric([op], count(self._ever(op)) or 0)
            yield counter
        for name, (meaning, value) in _GAUGES.items():
            gauge = GaugeMetricFamily(f"umbel_{name}", meaning, labels=["op"])
            for op in self.ops:
                if (known := value(current[op])) is not None:
                    gauge.add_metric([op], known)
            yield gauge
        circuits = GaugeMetricFamily(
            "umbel_circuit_open", "1 for a host that is not asked now, because it kept failing.", labels=["host"]
        )
        for host in self.seen.circuits:
            circuits.add_metric([host], 1)
        yield circuits
        yield self._durations(current)

    def _durations(self, current: dict[str, StatsOfOp]) -> "Metric":
        """Return the summary; the library's own class for one has no quantiles."""
        from prometheus_client.core import Metric  # noqa: PLC0415 - as above

        name = "umbel_task_duration_seconds"
        durations = Metric(name, "How long tasks ran; the quantiles are of the last hour.", "summary")
        for op in self.ops:
            for quantile, ms in (("0.5", current[op].p50_ms), ("0.95", current[op].p95_ms)):
                if ms is not None:
                    durations.add_sample(name, {"op": op, "quantile": quantile}, ms / 1000)
            durations.add_sample(f"{name}_sum", {"op": op}, self._ever(op).ms / 1000)
            durations.add_sample(f"{name}_count", {"op": op}, self._ever(op).runs)
        return durations

    def _ever(self, op: str) -> OpStats:
        return self.seen.counted.forever.get(op, OpStats())
