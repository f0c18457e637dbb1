"""The numbers in Prometheus' text format: counters end in _total, times are in seconds, the label is the op."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from umbel_core.contract import StatsOfOp
from umbel_core.op_stats import OpStats
from umbel_core.stats import Seen, numbers

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
    "tasks_per_minute": (
        "Tasks that were worked on to their end in the last minute.",
        lambda op: op.throughput_per_minute,
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


def text(ops: Iterable[str], seen: Seen) -> str:
    """The page that Prometheus scrapes."""
    return "\n".join([*_lines(list(ops), seen), ""])


def _lines(ops: list[str], seen: Seen) -> Iterator[str]:
    shown = numbers(ops, seen).ops
    op_stats = {op: seen.counted.forever.get(op, OpStats()) for op in ops}
    for name, (about, count) in _COUNTERS.items():
        yield from _head(f"umbel_tasks_{name}_total", "counter", about)
        yield from (_line(f"umbel_tasks_{name}_total", op, count(op_stats[op])) for op in ops)
    for name, (about, value) in _GAUGES.items():
        yield from _head(f"umbel_{name}", "gauge", about)
        known = {op: value(shown[op]) for op in ops}
        yield from (_line(f"umbel_{name}", op, number) for op, number in known.items() if number is not None)
    yield from _head("umbel_circuit_open", "gauge", "1 for a host that is left alone, while it is.")
    yield from (f'umbel_circuit_open{{host="{host}"}} 1.0' for host in seen.circuits)
    name = "umbel_task_duration_seconds"
    yield from _head(name, "summary", "How long tasks were worked on; the quantiles are of the last hour.")
    for op in ops:
        for quantile, ms in (("0.5", shown[op].p50_ms), ("0.95", shown[op].p95_ms)):
            if ms is not None:
                yield _line(name, op, ms / 1000, f',quantile="{quantile}"')
        yield _line(f"{name}_sum", op, op_stats[op].ms / 1000)
        yield _line(f"{name}_count", op, op_stats[op].runs)


def _head(name: str, kind: str, about: str) -> tuple[str, str]:
    return f"# HELP {name} {about}", f"# TYPE {name} {kind}"


def _line(name: str, op: str, value: Value, labels: str = "") -> str:
    return f'{name}{{op="{op}"{labels}}} {float(value or 0)!r}'
