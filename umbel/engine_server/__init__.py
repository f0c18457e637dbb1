"""Run the local engine in this process, with a request filter, warm functions, and snapshots.

It imports only the standard library, the engine, and modules of ours that do the same. It is loaded by path, because
the functions that the engine runs can import all packages of the engine's environment.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from umbel.engine_server.clock import steady
from umbel.engine_server.fair_queues import deliver_groups_in_turn, share_functions
from umbel.engine_server.layers import unpack_once
from umbel.engine_server.nested_stacks import keep_attributes
from umbel.engine_server.queue_costs import look_once
from umbel.engine_server.request_filter import RequestFilter
from umbel.engine_server.restore_check import check_restore
from umbel.engine_server.retention import forget_read_records, keep_digests_of_requests, keep_newest_events
from umbel.engine_server.snapshot_middleware import SnapshotMiddleware
from umbel.engine_server.snapshot_writer import SnapshotWriter
from umbel.engine_server.warming import Warming

RUN = Path("..")
"""The engine's working folder is `run/tmp`. A relative path stays right when the checkout is moved."""


def main() -> None:
    """Serve the engine behind the request filter. Its settings are the variables of `umbel.engine.environment`."""
    # Before the engine is imported, because its modules may use `from time import time`.
    time.time = steady()
    # Only the engine's own environment has these packages.
    import hypercorn.asyncio  # type: ignore[import-not-found]  # noqa: PLC0415
    from ministack import app as engine  # type: ignore[import-not-found]  # noqa: PLC0415

    keep_attributes()
    share_functions()
    look_once()
    deliver_groups_in_turn()
    unpack_once()
    forget_read_records()
    keep_digests_of_requests()
    keep_newest_events()
    sys.argv = ["ministack"]
    if hasattr(signal, "SIGHUP"):
        # SIGHUP is for programs with a terminal; this one has none.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # `umbel.engine_process` finds this process by these variables, so its children must not inherit them.
    for name in ("UMBEL_RUN_ID", "UMBEL_REACHED_AS"):
        os.environ.pop(name, None)
    hosts, further = (_pop_list(name) for name in ("UMBEL_HOSTS", "UMBEL_LISTEN"))
    data, port = os.environ.pop("UMBEL_DATA", None), int(os.environ["GATEWAY_PORT"])
    if data:
        engine.app = _with_snapshots(engine, Path(data), port)
    serve = hypercorn.asyncio.serve
    all_addresses = "0.0.0.0"  # noqa: S104 - only used when the setting asks for it

    async def serve_filtered(app: Any, config: Any) -> None:
        if all_addresses in further:
            config.bind = [f"{all_addresses}:{port}"]
        else:
            config.bind += [f"{address}:{port}" for address in further]
        await serve(RequestFilter(Warming(app), port, hosts), config)

    # The engine looks the function up by this name when it starts to serve.
    hypercorn.asyncio.serve = serve_filtered
    engine.main()


def _pop_list(name: str) -> list[str]:
    """Read a list from a variable and delete the variable, so that functions do not inherit it."""
    return [part for part in os.environ.pop(name, "").split(",") if part]


def _with_snapshots(engine: Any, data: Path, port: int) -> SnapshotMiddleware:
    served = check_restore(engine, RUN / "unreadable.txt")
    return SnapshotMiddleware(served, SnapshotWriter(engine, RUN, data, port), RUN / "deployed")
