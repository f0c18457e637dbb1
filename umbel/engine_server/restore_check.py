"""Stop the engine's start when it could not restore its whole state.

The engine itself only logs that, and goes on with the part that it could read.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from umbel.engine_server.request_filter import App, Message, Receive, Scope, Send


def check_restore(engine: Any, report: Path) -> App:
    """Wrap the engine's application so that its start fails when its saved state cannot be restored.

    The reason is written to the file `report`.
    """
    served: App = engine.app

    async def starting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await served(scope, receive, send)
            return
        errors = _RestoreErrors()
        logging.getLogger().addHandler(errors)

        async def sending(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                logging.getLogger().removeHandler(errors)
                # The state is restored now. The engine need not save at its end: the snapshots replace that.
                engine.PERSIST_STATE = False
                if errors.messages:
                    report.write_text("\n".join(errors.messages))
                    message = {"type": "lifespan.startup.failed", "message": errors.messages[0]}
            await send(message)

        await served(scope, receive, sending)

    return starting


class _RestoreErrors(logging.Handler):
    """Collects the engine's log messages about saved state that it could not read."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "ersist" in message and ("ailed" in message or "refusing" in message or "missing" in message):
            self.messages.append(message)
