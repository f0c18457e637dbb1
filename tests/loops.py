"""Asynchronous code in tests that are not."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def finish(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run it to its end in a thread of its own: in the tests' thread a browser's loop may run already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
