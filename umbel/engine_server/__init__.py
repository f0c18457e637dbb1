"""What runs inside the local engine's own process: the gate before it, its addresses, and the saving of its state.

Imports only the standard library, the engine, and modules of ours that do the same. It is loaded by path, so that
nothing of ours lies where the functions that the engine runs could import it.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from umbel.engine_server.clock import steady
from umbel.engine_server.gate import Gate
from umbel.engine_server.loading import refuse_unreadable
from umbel.engine_server.saving import Saving
from umbel.engine_server.taking import Taker

RUN = Path("..")
"""The engine works in `run/tmp`. A relative path goes on being right when the checkout is moved."""


def main() -> None:
    """Serve the engine behind the gate; `umbel.engine.environment` has set what it reads."""
    # Before anything of the engine's is loaded, which may take the function by its name.
    time.time = steady()
    # In the engine's own environment alone.
    import hypercorn.asyncio  # type: ignore[import-not-found]  # noqa: PLC0415
    from ministack import app as engine  # type: ignore[import-not-found]  # noqa: PLC0415

    sys.argv = ["ministack"]
    if hasattr(signal, "SIGHUP"):
        # It has no terminal; whoever sends this means programs that have one.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # What names this process is not for its children, which are told from it by that.
    for name in ("UMBEL_RUN_ID", "UMBEL_REACHED_AS"):
        os.environ.pop(name, None)
    hosts, further = (_pop_list(name) for name in ("UMBEL_HOSTS", "UMBEL_LISTEN"))
    data, port = os.environ.pop("UMBEL_DATA", None), int(os.environ["GATEWAY_PORT"])
    if data:
        engine.app = _saving(engine, Path(data), port)
    serve = hypercorn.asyncio.serve
    everywhere = "0.0.0.0"  # noqa: S104 - only where the setting asks for it

    async def serve_gated(app: Any, config: Any) -> None:
        if everywhere in further:
            config.bind = [f"{everywhere}:{port}"]
        else:
            config.bind += [f"{address}:{port}" for address in further]
        await serve(Gate(app, port, hosts), config)

    # The engine asks for it by this name when it starts to serve.
    hypercorn.asyncio.serve = serve_gated
    engine.main()


def _pop_list(name: str) -> list[str]:
    """Read a list from a variable and remove it, so that functions do not inherit it."""
    return [part for part in os.environ.pop(name, "").split(",") if part]


def _saving(engine: Any, data: Path, port: int) -> Saving:
    served = refuse_unreadable(engine, RUN / "unreadable.txt")
    return Saving(served, Taker(engine, RUN, data, port), RUN / "deployed")
