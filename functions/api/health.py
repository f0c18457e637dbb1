"""Is everything there that a picture needs?"""

import time
from functools import lru_cache
from typing import Any

from api.wiring import catalogue, circuits, lanes
from umbel_core.clock import epoch

_FRESH_SECONDS = 5


def health() -> dict[str, Any]:
    """`ok` when every op of the catalogue has a lane that works or is paused on purpose.

    A host on the web that is left alone for a while is told of, but it is not our health.
    """
    states, left_alone = _look(int(time.monotonic() / _FRESH_SECONDS))
    ops = {name: states.get(name, "degraded") for name in catalogue()}
    return {"status": "degraded" if "degraded" in ops.values() else "ok", "ops": ops, "circuits": left_alone}


@lru_cache(maxsize=1)
def _look(moment: int) -> tuple[dict[str, str], dict[str, str]]:  # noqa: ARG001 - a new moment asks again
    """Anybody may ask for the health, so all is looked up once every five seconds at most."""
    return lanes().health(), {host: circuit.state(epoch()) for host, circuit in circuits().all().items()}
