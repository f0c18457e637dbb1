"""Compare Umbel with a bare pipeline (bench/bare) on the same hops: rate, time of one photo, CPU time.

    umbel up && .venv/bin/python -m bench overhead --photos 200 --singles 40 --rounds 3

Both run alternately on the same engine, so that other work on the machine meets both. Each ratio is Umbel's figure over
the bare one's, the median of the rounds. The engine is left with the bare pipeline on it: `umbel down` deletes it.
"""

import argparse
import statistics

from bench.bare import Bare
from bench.figures import keep
from bench.pipeline import Pipeline, burst, half_megapixel, singles, umbel
from bench.processes import cpu_seconds, show
from umbel.stack import find

_BLUR = ("op-blur", "bare-blur")
_KEPT = {"rate": "rate", "median": "median", "cpu without blur": "cpu"}
"""Umbel's kernel is another than Pillow's, so the CPU time is compared without this op, too."""


def measure(pipeline: Pipeline, photos: int, single: int, data: bytes) -> dict[str, float]:
    """Measure one pipeline once."""
    with cpu_seconds() as cpu:
        rate = burst(pipeline, photos, data)["variants_per_s"]
    median = singles(pipeline, single, data)["median_s"]
    used = {name: seconds for name, seconds in cpu.items() if name != "client"}
    show({"pipeline": pipeline.name, "variants_per_s": rate, "median_s": median, "cpu_s": used})
    total = sum(used.values())
    return {
        "rate": rate,
        "median": median,
        "cpu": total,
        "cpu without blur": total - sum(used.get(name, 0) for name in _BLUR),
    }


def main(arguments: list[str]) -> None:
    """Deploy the bare pipeline, warm up both, and measure them alternately."""
    options = argparse.ArgumentParser(prog="bench overhead")
    options.add_argument("--photos", type=int, default=200)
    options.add_argument("--singles", type=int, default=40)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args(arguments)
    pipelines, data = [umbel(), Bare(find()).deploy()], half_megapixel()
    for count in (4, 16, 30):
        for pipeline in pipelines:
            burst(pipeline, count, data)
    rounds = [[measure(each, given.photos, given.singles, data) for each in pipelines] for _ in range(given.rounds)]
    for name in rounds[0][0]:
        ratios = [ours[name] / bare[name] for ours, bare in rounds]
        show({"ratio": name, "median": statistics.median(ratios), "rounds": [round(each, 2) for each in ratios]})
        if name in _KEPT:
            keep(_KEPT[name], statistics.median(ratios))
