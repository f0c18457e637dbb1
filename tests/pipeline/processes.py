"""Find the processes of the functions: the engine runs each as its child."""

from collections import defaultdict

import psutil

from umbel import engine, stack


def workers(function: str) -> list[psutil.Process]:
    """Return the running processes of a function: `coordinator`, `op-<name>`."""
    return by_function().get(function, [])


def by_function() -> dict[str, list[psutil.Process]]:
    """Return the running processes of each function that has any."""
    ours = engine.running()
    assert ours is not None
    found: dict[str, list[psutil.Process]] = defaultdict(list)
    for process in psutil.Process(ours.pid).children():
        if function := _function_of(process):
            found[function].append(process)
    return found


def _function_of(process: psutil.Process) -> str | None:
    try:
        name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "")
        return name.removeprefix(f"{stack.STACK}-") if name and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None
