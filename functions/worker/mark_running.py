"""Marks a task as running only when it takes long enough for people to see it; a quick task costs one write less."""

from threading import Timer
from types import TracebackType

from umbel_core.ledger import Ledger
from umbel_core.messages import RunTask

_AFTER_SECONDS = 1.0


class MarkRunning:
    """Marks the task `running` a second after its start, unless it has ended by then."""

    def __init__(self, ledger: Ledger, command: RunTask, attempts: int, started_at: str) -> None:
        self._timer = Timer(_AFTER_SECONDS, ledger.start, (command, attempts, started_at))
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
