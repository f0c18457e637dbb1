"""Umbel from Python: `from umbel import Client`. The names are imported at their first use: `import umbel` is cheap."""

TYPE_CHECKING = False  # what type checkers take for true; `typing` is not imported for it

if TYPE_CHECKING:
    from umbel.client import Client
    from umbel.errors import ApiError, NotRunningError, TaskError, UmbelError, UnreachableError
    from umbel.job import Job
    from umbel.pages import Page
    from umbel.result_file import ResultFile
    from umbel_core.contract import JobMessage, Task, TaskMessage, Variant, Visit

__all__ = [
    "ApiError",
    "Client",
    "Job",
    "JobMessage",
    "NotRunningError",
    "Page",
    "ResultFile",
    "Task",
    "TaskError",
    "TaskMessage",
    "UmbelError",
    "UnreachableError",
    "Variant",
    "Visit",
]

_MODULES = {
    "umbel.client": ("Client",),
    "umbel.errors": ("ApiError", "NotRunningError", "TaskError", "UmbelError", "UnreachableError"),
    "umbel.job": ("Job",),
    "umbel.pages": ("Page",),
    "umbel.result_file": ("ResultFile",),
    "umbel_core.contract": ("JobMessage", "Task", "TaskMessage", "Variant", "Visit"),
}


def __getattr__(name: str) -> object:
    """Import the module that has a public name."""
    for module, names in _MODULES.items():
        if name in names:
            from importlib import import_module  # noqa: PLC0415 - as cheap as it can be

            return getattr(import_module(module), name)
    raise AttributeError("module 'umbel' has no attribute '{}'".format(name))  # noqa: EM103, UP032 - read by old Pythons
