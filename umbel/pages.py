"""Pages of a crawl."""

import msgspec

from umbel_core.contract import Task


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a crawl. Each URL gives exactly one; one that could not be fetched has status 0 and an `error`."""

    url: str
    """Where redirects ended, or as requested when the page could not be fetched."""
    status: int = 0
    """HTTP status."""
    title: str | None = None
    bytes: int = 0
    """Of the body that was read, decompressed."""
    took_ms: float = 0
    error: str | None = None
    """One of `umbel_core.contract.ERRORS`: `dead_host`, `timed_out`, `cancelled`."""

    @classmethod
    def of(cls, task: Task) -> "Page":
        """Return the page of a crawl's ended task."""
        if task.status == "completed":
            return msgspec.convert(task.result, cls)
        return cls(url=str(task.input), error=task.error.code if task.error else task.status)
