"""Statistics in all and per op, looked up once in two seconds at most."""

import time
from functools import lru_cache

from api import prometheus
from api.wiring import catalogue, stats_collector
from umbel_core.contract import Stats
from umbel_core.stats import StatsInput, compute_stats

_FRESH_SECONDS = 2


def stats() -> Stats:
    """Return the stats of every deployed op."""
    return compute_stats(catalogue().lanes, _seen())


def metrics() -> str:
    """Return the same as Prometheus reads it."""
    return prometheus.text(catalogue().lanes, _seen())


def _seen() -> StatsInput:
    return _look(int(time.monotonic() / _FRESH_SECONDS))


@lru_cache(maxsize=1)
def _look(moment: int) -> StatsInput:  # noqa: ARG001 - a new moment reads again
    return stats_collector().collect()
