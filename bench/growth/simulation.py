"""Simulate uploads on AWS at a rate, with the documented quotas and the service times of `umbel.growth`."""

import random
import statistics
from math import ceil

import msgspec
import simpy

from bench.growth.stations import Station, Throughput
from umbel.growth import quotas
from umbel.growth.design import Design
from umbel.growth.limits import PLAN_CHANGES, write_units
from umbel.growth.upload import CHANGES_PER_BATCH, Upload
from umbel_core import usage

SECONDS = 10.0
UPLOADS = 1000
_DRAIN_SECONDS = 5.0
_STREAM_SECONDS = 0.1
"""Until Lambda's poller sees a change in the stream, on average: it asks four times a second."""
_BATCH = 90


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the uploads."""

    rate: float
    ended_a_second: float
    """While uploads came."""
    median_seconds: float
    p95_seconds: float
    waiting: dict[str, int]
    """Station -> items in its queue when the last upload came."""

    @property
    def follows(self) -> bool:
        """Whether the pipeline ends as many as come."""
        return self.ended_a_second > self.rate * 0.9

    @property
    def bottleneck(self) -> str:
        """The station with the longest queue."""
        return max(self.waiting, key=lambda name: self.waiting[name])


class _Job:
    """An upload on its way."""

    def __init__(self, number: int, at: float, tasks: int) -> None:
        self.number = number
        self.at = at
        self.left = tasks


class Model:
    """One stack on AWS."""

    def __init__(self, upload: Upload, design: Design, rate: float, seed: int = 1) -> None:
        self.upload, self.design, self.rate = upload, design, rate
        self.env = simpy.Environment()
        self._random = random.Random(seed)
        self.ended: list[tuple[float, float]] = []
        """When each upload ended, and how long it took."""
        variants = upload.variants_ms
        partition = quotas.PARTITION_WRITES.value
        index = Throughput(self.env, partition * design.index_keys)
        stats = Throughput(self.env, partition * design.stats_keys)
        table = Throughput(self.env, _table_writes(upload, rate))
        plan = (usage.PLAN_MS + usage.PLAN_TASK_MS * len(variants)) / 1000
        self.coordinator = Station(
            self.env,
            "coordinators",
            servers=design.coordinators,
            seconds=lambda _: plan,
            done=self._planned,
            writes=[
                (index, design.index_units),
                (table, usage.planned_job(len(variants), is_small=True)["dynamodb_write"]),
            ],
        )
        self.lanes = [self._lane(place, table) for place in range(len(variants))]
        shards = ceil(max(quotas.NEW_TABLE_WRITES.value, rate * write_units(upload)) / partition)
        self.shards = [self._shard(stats) for _ in range(shards)]

    def _lane(self, place: int, table: Throughput) -> Station:
        seconds = (self.upload.run_ms(self.upload.variants_ms[place]) + usage.HANDLER_MS) / 1000
        return Station(
            self.env,
            "lanes",
            servers=min(self.design.lane_concurrency, int(quotas.MAPPING.value)),
            seconds=lambda _: self._random.gammavariate(16, seconds / 16),
            done=self._changed,
            writes=[(table, 2)],
        )

    def _shard(self, stats: Throughput) -> Station:
        each = 1 / self.design.changes_a_second
        return Station(
            self.env,
            "relay",
            servers=1,
            seconds=lambda _: each,
            done=self._counted,
            batch=_BATCH,
            writes=[(stats, self.design.stats_units / CHANGES_PER_BATCH)],
            wait=_STREAM_SECONDS,
        )

    def _planned(self, job: _Job) -> None:
        for lane in self.lanes:
            lane.put(job)
        for _ in range(PLAN_CHANGES):
            self._shard_of(job).put(None)

    def _changed(self, job: _Job) -> None:
        self._shard_of(job).put(job)

    def _counted(self, job: _Job | None) -> None:
        if job is None:
            return
        job.left -= 1
        if not job.left:
            self.ended.append((self.env.now, self.env.now - job.at))

    def _shard_of(self, job: _Job) -> Station:
        return self.shards[job.number * 2_654_435_761 % 2**32 % len(self.shards)]

    def run(self, seconds: float) -> Outcome:
        """Let uploads come for so many seconds; return what became of them."""
        self.env.process(self._arrivals(seconds))
        self.env.run(until=seconds)
        stations = [self.coordinator, *self.lanes, *self.shards]
        waiting: dict[str, int] = {}
        for station in stations:
            waiting[station.name] = waiting.get(station.name, 0) + len(station.queue)
        self.env.run(until=seconds + _DRAIN_SECONDS)
        # The first half fills the path.
        in_time = [took for at, took in self.ended if seconds / 2 <= at < seconds]
        took = sorted(took for _, took in self.ended) or [seconds]
        return Outcome(
            rate=self.rate,
            ended_a_second=len(in_time) / (seconds / 2),
            median_seconds=statistics.median(took),
            p95_seconds=took[int(len(took) * 0.95)],
            waiting=waiting,
        )

    def _arrivals(self, seconds: float) -> simpy.events.ProcessGenerator:
        number = 0
        while self.env.now < seconds:
            self.coordinator.put(_Job(number, self.env.now, len(self.lanes)))
            number += 1
            yield self.env.timeout(self._random.expovariate(self.rate))


def _table_writes(upload: Upload, rate: float) -> float:
    """Return what the table takes: AWS's quota, raised where the plan asks for it."""
    return max(quotas.TABLE_WRITES.value, 1.25 * rate * write_units(upload))


def simulate(upload: Upload, design: Design, rate: float) -> Outcome:
    """Return what becomes of uploads that come at this rate; of several cells, one is simulated."""
    one = msgspec.structs.replace(design, cells=1)
    outcome = Model(upload, one, rate / design.cells).run(max(SECONDS, UPLOADS * design.cells / rate))
    ended = outcome.ended_a_second * design.cells
    return msgspec.structs.replace(outcome, rate=rate, ended_a_second=ended)
