"""What runs inside the local engine's own process: the gate before it, and the saving of its state.

Imports the standard library, the engine and what of ours is like that, and is loaded by path: nothing of ours lies
where the functions that the engine runs could import it.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from umbel.engine_server.gate import Gate
from umbel.engine_server.loading import refuse_unreadable
from umbel.engine_server.saving import Saving
from umbel.engine_server.taking import Taker

RUN = Path("..")
"""The engine works in `run/tmp`. A relative path goes on being right when the checkout is moved."""


def main() -> None:
    """Serve the engine behind the gate; `umbel.engine.environment` has set what it reads."""
    # Installed in the engine's own environment alone.
    from ministack import app as engine  # type: ignore[import-not-found]  # noqa: PLC0415

    sys.argv = ["ministack"]
    if hasattr(signal, "SIGHUP"):
        # It has no terminal; whoever sends this means programs that have one.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # What names this process is not for its children, which are told from it by that.
    os.environ.pop("UMBEL_RUN_ID", None)
    data, port = os.environ.pop("UMBEL_DATA", None), int(os.environ["GATEWAY_PORT"])
    hosts = [host for host in os.environ.get("UMBEL_HOSTS", "").split(",") if host]
    engine.app = Gate(_saving(engine, Path(data), port) if data else engine.app, port, hosts)
    engine.main()


def _saving(engine: Any, data: Path, port: int) -> Saving:
    served = refuse_unreadable(engine, RUN / "unreadable.txt")
    return Saving(served, Taker(engine, RUN, data, port), RUN / "deployed")
