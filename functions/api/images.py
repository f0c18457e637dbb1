"""Pictures and their variants, as URLs that a browser can open for an hour at most, or as bytes."""

from api.results import result_file
from api.routing import File, Redirect
from api.wiring import ledger, results
from umbel_core.errors import Rejected

MOST = 300
_PAGES = 50
"""The most pages, of 100 jobs each, that one call reads: it must end within half a minute."""


def images(limit: int) -> dict[str, dict[str, str]]:
    """Return job id -> variant -> URL, newest first, of at most `limit` jobs and at most 300."""
    limit = min(limit, MOST)
    found: dict[str, dict[str, str]] = {}
    cursor: str | None = None
    for _ in range(_PAGES):
        jobs, cursor = ledger().jobs(100, cursor)
        for job in jobs:
            urls = {name: results().link(kept["key"]) for name, kept in job.variants.items() if "key" in kept}
            if urls and len(found) < limit:
                found[job.id] = urls
        if cursor is None or len(found) >= limit:
            break
    return found


def image(job_id: str, variant: str, *, redirect: bool = True) -> Redirect | File:
    """Return one variant: a redirect to its file, or the file's bytes."""
    found = ledger().job(job_id)
    kept = found.variants.get(variant, {}) if found else {}
    if "key" not in kept:
        raise Rejected("no_result", f"There is no variant '{variant}' of '{job_id}', or it is not made yet.")
    return result_file(kept, redirect=redirect)
