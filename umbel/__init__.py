"""Use Umbel from Python: `from umbel import Client`; beside that, the tool chain, the local engine, the command line.

Each public name is imported at its first use, so that `import umbel` costs nothing. Any Python can read this file:
`make setup` starts with the one that it finds.
"""

TYPE_CHECKING = False  # type checkers take it for true; `typing` is not imported for it

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

if TYPE_CHECKING:
    from umbel.client import Client
    from umbel.errors import ApiError, NotRunningError, TaskError, UmbelError, UnreachableError
    from umbel.job import Job
    from umbel.result_file import ResultFile
    from umbel_core.contract import JobMessage, Page, Task, TaskMessage, Variant, Visit
else:
    _MODULES = {
        "umbel.client": ("Client",),
        "umbel.errors": ("ApiError", "NotRunningError", "TaskError", "UmbelError", "UnreachableError"),
        "umbel.job": ("Job",),
        "umbel.result_file": ("ResultFile",),
        "umbel_core.contract": ("JobMessage", "Page", "Task", "TaskMessage", "Variant", "Visit"),
    }

    def __getattr__(name):
        """Import the module that has a public name."""
        for module, names in _MODULES.items():
            if name in names:
                from importlib import import_module  # noqa: PLC0415 - most who import umbel need no module

                return getattr(import_module(module), name)
        raise AttributeError("module 'umbel' has no attribute '%s'" % name)  # noqa: UP031 - read by old Pythons
