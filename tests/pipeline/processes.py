"""Find the processes of the functions: the engine runs each as its child."""

import psutil

from umbel import engine, stack


def workers(function: str) -> list[psutil.Process]:
    """Return the running processes of a function: `coordinator`, `op-<name>`."""
    ours = engine.running()
    assert ours is not None
    return [process for process in psutil.Process(ours.pid).children() if _runs(process, function)]


def _runs(process: psutil.Process, function: str) -> bool:
    try:
        name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME")
    except psutil.Error:
        return False
    return name == f"{stack.STACK}-{function}" and process.status() != psutil.STATUS_ZOMBIE
