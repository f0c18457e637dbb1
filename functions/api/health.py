"""Is everything there that a picture needs?"""

from typing import Any

from api.wiring import catalogue, lanes


def health() -> dict[str, Any]:
    """`ok` when every op of the catalogue has a lane that works or is paused on purpose."""
    states = lanes().states()
    ops = {name: states[name].state if name in states else "degraded" for name in catalogue()}
    return {"status": "degraded" if "degraded" in ops.values() else "ok", "ops": ops}
