"""Marks a task as running only when it takes long enough for people to see it; a quick task costs one write less."""

from functools import partial
from threading import Timer
from types import TracebackType

from aws_lambda_powertools import Logger

from umbel_core.aws.clients import AWS_ERRORS
from umbel_core.ledger import Ledger
from umbel_core.messages import RunTask

logger = Logger(service="worker")
_AFTER_SECONDS = 1.0


class MarkRunning:
    """Marks the task `running` a second after its start, unless it has ended by then."""

    def __init__(self, ledger: Ledger, command: RunTask, attempts: int, started_at: str) -> None:
        self._start = partial(ledger.start, command, attempts, started_at)
        self._named = {"job_id": command.job_id, "trace_id": command.trace_id, "variant": command.variant}
        self._timer = Timer(_AFTER_SECONDS, self._mark)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def _mark(self) -> None:
        try:
            self._start()
        except AWS_ERRORS:
            # Raised in a thread, it would be a traceback in the log that is not JSON. The task ends all the same.
            logger.exception("task not marked as running", extra=self._named)
