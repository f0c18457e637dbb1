"""Is everything there that a picture needs?"""

import time
from functools import lru_cache
from typing import Any

from api.wiring import catalogue, lanes

_FRESH_SECONDS = 5


def health() -> dict[str, Any]:
    """`ok` when every op of the catalogue has a lane that works or is paused on purpose."""
    states = _states(int(time.monotonic() / _FRESH_SECONDS))
    ops = {name: states.get(name, "degraded") for name in catalogue()}
    return {"status": "degraded" if "degraded" in ops.values() else "ok", "ops": ops}


@lru_cache(maxsize=1)
def _states(moment: int) -> dict[str, str]:  # noqa: ARG001 - a new moment asks again
    """Anybody may ask for the health, so the lanes are listed once every five seconds at most."""
    return lanes().health()
