"""Pictures and their variants, as addresses that a browser can open for an hour."""

from api.wiring import ledger, results
from umbel_core.errors import Rejected

MOST = 300
_PAGES = 50
"""Of a hundred jobs: beyond them nobody looks for pictures, and a call has half a minute."""


def images(limit: int) -> dict[str, dict[str, str]]:
    """Job id -> variant -> address, newest first: as many as asked for, 300 at most, of the newest jobs."""
    limit = min(limit, MOST)
    found: dict[str, dict[str, str]] = {}
    cursor: str | None = None
    for _ in range(_PAGES):
        jobs, cursor = ledger().jobs(100, cursor)
        for job in jobs:
            addresses = {name: results().link(kept["key"]) for name, kept in job.variants.items() if "key" in kept}
            if addresses and len(found) < limit:
                found[job.id] = addresses
        if cursor is None or len(found) >= limit:
            break
    return found


def image(job: str, variant: str) -> str:
    """The address of one variant's bytes."""
    found = ledger().job(job)
    kept = found.variants.get(variant, {}) if found else {}
    if "key" not in kept:
        raise Rejected("no_result", f"There is no variant '{variant}' of '{job}', or it is not made yet.")
    return results().link(kept["key"])
