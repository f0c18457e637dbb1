"""The functions' processes: the engine runs each as a child of its own."""

import psutil

from umbel import engine, stack


def workers(function: str) -> list[psutil.Process]:
    """The live processes of a function: `coordinator`, `op-<name>`."""
    here = engine.running()
    assert here is not None
    return [process for process in psutil.Process(here.pid).children() if _runs(process, function)]


def _runs(process: psutil.Process, function: str) -> bool:
    try:
        name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME")
    except psutil.Error:
        return False
    return name == f"{stack.STACK}-{function}" and process.status() != psutil.STATUS_ZOMBIE
