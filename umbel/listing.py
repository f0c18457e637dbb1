"""Lists that the API answers in pages."""

from collections.abc import Iterator

from umbel.transport import Transport
from umbel_core.contract import Job, JobPage, Task, TaskPage

_LARGEST_PAGE = 200


def all_jobs(http: Transport, limit: int | None, **filters: str | None) -> Iterator[Job]:
    """Yield jobs, newest first, page by page; at most `limit`."""
    cursor, left = None, limit
    while left is None or left > 0:
        size = _LARGEST_PAGE if left is None else min(left, _LARGEST_PAGE)
        page = http.call(JobPage, "GET", "jobs", limit=size, cursor=cursor, **filters)
        yield from page.jobs
        cursor, left = page.cursor, None if left is None else left - len(page.jobs)
        if cursor is None:
            return


def task_page(http: Transport, job_id: str, cursor: str | None, status: str | None = None) -> TaskPage:
    """Read one page of a job's tasks."""
    return http.call(TaskPage, "GET", "jobs", job_id, "tasks", limit=_LARGEST_PAGE, cursor=cursor, status=status)


def all_tasks(http: Transport, job_id: str, status: str | None = None) -> Iterator[Task]:
    """Yield all tasks of a job in the order of its request, page by page."""
    cursor = None
    while True:
        page = task_page(http, job_id, cursor, status)
        yield from page.tasks
        cursor = page.cursor
        if cursor is None:
            return
