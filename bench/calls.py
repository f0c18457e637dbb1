"""Count the AWS calls of the functions for each upload of a picture with four variants: alone, and in a burst.

    umbel up --weather && .venv/bin/python -m bench calls --photos 100 --singles 20

The fault proxy, which then carries every call of the functions, injects no errors meanwhile. One page is open, to which
they post. Calls of the ticker, once a minute, are counted too.
"""

import argparse
import contextlib
import threading
from collections import Counter
from collections.abc import Iterator

from websockets.exceptions import ConnectionClosed

from bench.figures import keep
from bench.pipeline import Pipeline, burst, half_megapixel, singles, umbel
from bench.processes import show
from umbel import weather
from umbel.fault_proxy import CALM


def counted() -> Counter[str]:
    """Return how often the functions have called each operation so far."""
    status = weather.status()
    if status is None:
        raise SystemExit("bench calls needs the proxy that counts: umbel up --weather")
    return Counter(status.operations)


@contextlib.contextmanager
def open_page(pipeline: Pipeline) -> Iterator[None]:
    """Subscribe to all jobs during the block, as a page does, and read the messages."""
    with pipeline.feed() as page:

        def receive() -> None:
            with contextlib.suppress(ConnectionClosed):
                for _ in page:
                    pass

        thread = threading.Thread(target=receive)
        thread.start()
        yield
    thread.join()


def main(arguments: list[str]) -> None:
    """Warm up, count both, and print the calls per upload."""
    options = argparse.ArgumentParser(prog="bench calls")
    options.add_argument("--photos", type=int, default=100)
    options.add_argument("--singles", type=int, default=20)
    given = options.parse_args(arguments)
    pipeline, data = umbel(), half_megapixel()
    weather.change(CALM)
    try:
        burst(pipeline, 20, data)
        for name, run, uploads in (("alone", singles, given.singles), ("burst", burst, given.photos)):
            with open_page(pipeline):
                before = counted()
                run(pipeline, uploads, data)
                calls = counted() - before
            each = calls.total() / uploads
            show({"uploads": name, "calls": each} | {op: n / uploads for op, n in calls.most_common()})
            keep(f"calls {name}", each)
    finally:
        weather.change(weather.MILD)
