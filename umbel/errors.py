"""Define the errors: a sentence for people, fields for programs, an exit status for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from umbel_core.contract import Task


class UmbelError(Exception):
    """An error whose sentence says what is wrong and what to do; `cli.main` prints it and exits with `exit_status`."""

    def __init__(self, sentence: str, detail: str = "", exit_status: int = 1) -> None:
        super().__init__(sentence)
        self.exit_status = exit_status
        self.detail = detail
        """Lines that help to find the cause, such as the end of a log; printed before the sentence."""


class UnreachableError(UmbelError):
    """The deployment does not answer."""


class NotRunningError(UnreachableError):
    """No Umbel runs in this checkout, and no other one is named."""

    def __init__(self) -> None:
        super().__init__("Umbel is not running here: make up (or --aws for the one on AWS)")


class ApiError(UmbelError):
    """The API refused a request.

    `code` is one of `umbel_core.contract.ERRORS`, or `unknown_answer` where the answer is not the API's. `path`
    is a JSON Pointer to the part of the request that is wrong (None when it is the whole), `status` the HTTP status.
    """

    def __init__(self, code: str, message: str, path: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.status = status


class TaskError(UmbelError):
    """A task failed or was skipped; `task` is its record, None when the whole job could not be planned."""

    def __init__(self, code: str, message: str, task: Task | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.task = task
