"""Refuse to serve a state that the engine could not read whole: it would only log that, and go on with half of it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from umbel.engine_server.gate import App, Message, Receive, Scope, Send


def refuse_unreadable(engine: Any, report: Path) -> App:
    """Return the engine's application, whose start fails when its saved state cannot be restored.

    The reason is written to `report`.
    """
    served: App = engine.app

    async def starting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await served(scope, receive, send)
            return
        heard = _Complaints()
        logging.getLogger().addHandler(heard)

        async def sending(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                logging.getLogger().removeHandler(heard)
                # It has loaded; what it would save by itself at its end nobody reads.
                engine.PERSIST_STATE = False
                if heard.said:
                    report.write_text("\n".join(heard.said))
                    message = {"type": "lifespan.startup.failed", "message": heard.said[0]}
            await send(message)

        await served(scope, receive, sending)

    return starting


class _Complaints(logging.Handler):
    """Collects what the engine says of saved state that it could not read."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if "ersist" in said and ("ailed" in said or "refusing" in said or "missing" in said):
            self.said.append(said)
