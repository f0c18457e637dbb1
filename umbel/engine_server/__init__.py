"""What runs inside the local engine's own process: the gate before it, and the addresses it listens on.

Imports the standard library and the engine alone, and is loaded by path: nothing of ours lies where the functions that
the engine runs could import it.
"""

import os
import sys
from typing import Any

from umbel.engine_server.gate import Gate


def main() -> None:
    """Serve the engine behind the gate; `umbel.engine.environment` has set what it reads."""
    # In the engine's own environment alone.
    import hypercorn.asyncio  # type: ignore[import-not-found]  # noqa: PLC0415
    from ministack import app as engine  # type: ignore[import-not-found]  # noqa: PLC0415

    sys.argv = ["ministack"]
    hosts, further = (_taken(name) for name in ("UMBEL_HOSTS", "UMBEL_LISTEN"))
    port = os.environ["GATEWAY_PORT"]
    serve = hypercorn.asyncio.serve
    everywhere = "0.0.0.0"  # noqa: S104 - only where the setting asks for it

    async def serve_gated(app: Any, config: Any) -> None:
        if everywhere in further:
            config.bind = [f"{everywhere}:{port}"]
        else:
            config.bind += [f"{address}:{port}" for address in further]
        await serve(Gate(app, int(port), hosts), config)

    # The engine asks for it by this name when it starts to serve.
    hypercorn.asyncio.serve = serve_gated
    engine.main()


def _taken(name: str) -> list[str]:
    """The parts of a variable, which no function that the engine runs gets to see."""
    return [part for part in os.environ.pop(name, "").split(",") if part]
