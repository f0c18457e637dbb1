"""What runs inside the local engine's own process: the gate before it.

Imports the standard library and the engine alone, and is loaded by path: nothing of ours lies where the functions that
the engine runs could import it.
"""

import os
import sys

from umbel.engine_server.gate import Gate


def main() -> None:
    """Serve the engine behind the gate; `umbel.engine.environment` has set what it reads."""
    from ministack import app as engine  # type: ignore[import-not-found]  # noqa: PLC0415 - in its own environment alone

    sys.argv = ["ministack"]
    hosts = [host for host in os.environ.get("UMBEL_HOSTS", "").split(",") if host]
    engine.app = Gate(engine.app, int(os.environ["GATEWAY_PORT"]), hosts)
    engine.main()
