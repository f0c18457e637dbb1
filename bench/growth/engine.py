"""Compare the model with the running engine: fit it to one burst of uploads, predict the others.

On the local engine everything shares this machine's cores, so the model's stations wait for a core. Its one free number
is the speed of the machine.
"""

from collections.abc import Callable, Iterable
from functools import partial
from math import inf
from typing import Any

import msgspec
import simpy

from bench.growth.stations import Station
from bench.pipeline import burst, half_megapixel, umbel

CALIBRATED_AT = 40
COMPARED_AT = (20, 80, 160)
ROUNDS = 2
"""The least of so many measurements counts: other work on the machine only slows a burst."""
WITHIN = 0.25
_CORES = 2
_PLAN, _RUNS, _COUNT = 0.010, (0.008, 0.008, 0.012, 0.010), 0.002
"""Seconds on a core: of a plan, of the variants' runs, of counting and pushing a change; with the engine's part."""
_INVOCATION = 0.008
"""Seconds on a core of an invocation, whatever its batch has."""
_POLL = 0.02


class Compared(msgspec.Struct, frozen=True):
    """A burst, as predicted and as measured."""

    uploads: int
    predicted: float
    measured: float

    @property
    def error(self) -> float:
        """How far the prediction is from the measurement."""
        return self.predicted / self.measured - 1


def predict(uploads: int, slowness: float) -> float:
    """Return the seconds until the last of so many uploads, which come at once, has ended."""
    env = simpy.Environment()
    cores = simpy.Resource(env, _CORES)
    left = dict.fromkeys(range(uploads), len(_RUNS))
    ends: list[float] = []

    def counted(job: int) -> None:
        left[job] -= 1
        if not left[job]:
            ends.append(env.now)

    station = partial(Station, env, cores=cores, wait=_POLL, fixed=_INVOCATION * slowness)

    def time(seconds: float) -> Callable[[Any], float]:
        return lambda _: seconds * slowness

    relay = station("relay", servers=1, seconds=time(_COUNT), done=counted, batch=90)
    lanes = [station("lanes", servers=4, seconds=time(run), done=relay.put, batch=4) for run in _RUNS]

    def planned(job: int) -> None:
        for lane in lanes:
            lane.put(job)

    coordinator = station("coordinators", servers=4, seconds=time(_PLAN), done=planned, batch=10)
    for job in range(uploads):
        coordinator.put(job)
    env.run()
    return max(ends)


def calibrate(uploads: int, measured: float) -> float:
    """Return the slowness with which the model predicts what was measured, by halving an interval."""
    low, high = 0.01, 100.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if predict(uploads, middle) < measured else (low, middle)
    return (low + high) / 2


def compare() -> Iterable[Compared]:
    """Measure bursts on the running engine, the first of them for the calibration."""
    pipeline = umbel()

    def measure(uploads: int) -> float:
        return burst(pipeline, uploads, half_megapixel())["seconds"]

    measure(CALIBRATED_AT)
    least: dict[int, float] = {}
    for _ in range(ROUNDS):
        for uploads in (CALIBRATED_AT, *COMPARED_AT):
            least[uploads] = min(measure(uploads), least.get(uploads, inf))
    slowness = calibrate(CALIBRATED_AT, least[CALIBRATED_AT])
    for uploads in COMPARED_AT:
        yield Compared(uploads, predict(uploads, slowness), least[uploads])
