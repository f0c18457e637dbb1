"""Keep a pause between the requests to a host."""

import math
import time

from umbel_core.errors import Postponed
from umbel_fetching import fetcher
from umbel_fetching.urls import place_of

_LONGEST_SLEEP = 1.0


def wait(url: str, delay: float) -> None:
    """Wait until the host of a canonical URL may be called, `delay` seconds after the last call by any worker.

    Raise `Postponed` when that takes longer than a second: the task's message can wait for nothing.
    """
    host = place_of(url)
    seconds = fetcher.deployment.pace.claim(host, delay)
    if seconds > _LONGEST_SLEEP:
        raise Postponed(f"{host} is called at most every {delay:g} seconds", math.ceil(seconds), contended=True)
    time.sleep(seconds)
