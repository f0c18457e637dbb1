"""Prove from what a client saw that the deployment kept its contract; name each violation.

It knows nothing of how Umbel works: it reads the records of the API and of the WebSocket, the results' files, and the
requests that the test server got.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

import msgspec
from msgspec import UNSET

from tests.trust.history import Expected, Final, History, Record, Sent

ENDED = ("completed", "failed", "skipped")
LONGEST = 600.0
"""Seconds in which every job must end."""
_EXPLAINED = re.compile(
    r"injected by the fault proxy|Connection was closed|Connection reset|ConnectionClosed|ResponseParserError"
    r"|Unable to parse response|IncompleteRead|Read timeout|not well-formed|no element found|SlowDown|Throttl"
    r"|ThroughputExceeded|killed, timed out|ResponseStreaming|Connection broken|HTTPClientError|EndpointConnectionError"
)
"""What an injected error or a killed worker leaves in the sentence of a dead letter."""
DEAD_LETTERS = ("given_up", "not_planned", "worker_died")


class Violation(msgspec.Struct, frozen=True):
    """One broken promise."""

    kind: str
    where: str
    sentence: str


def violations(history: History, finals: Mapping[str, Final], fetched: Mapping[str, int]) -> Iterator[Violation]:
    """Yield every violation. `finals` are the jobs at the end, `fetched` the requests by path at the test server."""
    seen: dict[str, list[tuple[float, Record]]] = defaultdict(list)
    for at, task in history.seen:
        seen[task["id"]].append((at, task))
    for sent in history.sent.values():
        final = finals.get(sent.job_id)
        if final is None:
            yield Violation("lost", sent.job_id, f"this accepted job ({sent.kind}) is unknown at the end")
            continue
        yield from _job(sent, final)
        yield from _groups(sent, final)
        for place, task in enumerate(final.tasks):
            yield from _end(sent, task, final, sent.expected.get(sent.key(place, task)), fetched)
            yield from _moves(sent, task, seen[task["id"]])


def dead_letters(finals: Mapping[str, Final]) -> tuple[list[Record], list[Record]]:
    """Return the tasks that were given up, those that an injected error explains and the others."""
    given_up = [
        task for final in finals.values() for task in final.tasks if (task["error"] or {}).get("code") in DEAD_LETTERS
    ]
    explained = [task for task in given_up if is_explained(task["error"])]
    return explained, [task for task in given_up if task not in explained]


def is_explained(error: Record) -> bool:
    """Return whether an injected error explains why a task was given up."""
    return error["code"] == "worker_died" or bool(_EXPLAINED.search(error["message"]))


def _job(sent: Sent, final: Final) -> Iterator[Violation]:
    job, tasks = final.job, final.tasks
    ended = Counter(task["status"] for task in tasks)
    counts = {"total": len(tasks), **{status: ended[status] for status in ENDED}}
    if job["counts"] != counts:
        yield Violation("counts", sent.job_id, f"the job's counts are {job['counts']}, its tasks make {counts}")
    if len(tasks) != len(sent.expected):
        yield Violation("lost", sent.job_id, f"{len(sent.expected)} tasks were sent, the job has {len(tasks)}")
    right = "completed" if ended["completed"] == len(tasks) else "failed"
    if job["status"] not in ("completed", "failed"):
        yield Violation("unfinished", sent.job_id, f"the job ({sent.kind}) is {job['status']}: {job['counts']}")
    elif job["status"] != right:
        yield Violation("counts", sent.job_id, f"the job is {job['status']}, its tasks are {dict(ended)}")
    last = max([sent.at, *sent.retries])
    if sent.ended_at is None or sent.ended_at - last > LONGEST:
        yield Violation("late", sent.job_id, f"the job ({sent.kind}) did not end within {LONGEST:.0f} s")


def _end(
    sent: Sent, task: Record, final: Final, expected: Expected | None, fetched: Mapping[str, int]
) -> Iterator[Violation]:
    where = f"{task['id']} ({sent.kind}, {task['op']})"
    if expected is None:
        yield Violation("wrong", where, "no task like this was sent")
        return
    if task["status"] not in ENDED:
        yield Violation("unfinished", where, f"the task is {task['status']} after {task['attempts']} attempts")
        return
    code = (task["error"] or {}).get("code")
    if code in DEAD_LETTERS:
        if not is_explained(task["error"]):
            yield Violation("dead letter", where, f"no injected error explains: {task['error']['message']}")
        return
    if (task["status"], code) != (expected.status, expected.code):
        yield Violation(
            "wrong", where, f"the task is {task['status']} {code}, expected {expected.status} {expected.code}"
        )
        return
    yield from _result(where, task, expected, final.pictures.get(task["id"]))
    if expected.page and (hits := fetched.get(str(expected.page), 0)) != 1:
        if hits == 0:
            yield Violation("wrong", where, f"{expected.page} was never fetched")
        elif hits > task["attempts"] and not sent.retries:
            sentence = f"{expected.page} was fetched {hits} times, the record counts {task['attempts']}"
            yield Violation("uncounted", where, sentence)


def _result(where: str, task: Record, expected: Expected, file: Record | None) -> Iterator[Violation]:
    result = task["result"]
    if expected.value is not UNSET and result != expected.value:
        yield Violation("wrong", where, f"the result is {result!r:.80}, expected {expected.value!r:.80}")
    for name, value in expected.fields.items():
        if not isinstance(result, dict) or result.get(name) != value:
            yield Violation("wrong", where, f"{name} is not {value!r} in {result!r:.120}")
    if expected.picture:
        file_of = result if isinstance(result, dict) else {}
        wanted = {"width": expected.picture[0], "height": expected.picture[1]}
        kept = {name: file_of.get(name) for name in ("bytes", *wanted)}
        if file is None or "error" in file:
            yield Violation("wrong", where, f"the picture cannot be read: {file}")
        elif file != kept or not wanted.items() <= file.items():
            yield Violation("wrong", where, f"the file is {file}, its record {kept}, expected {wanted}")


def _moves(sent: Sent, task: Record, seen: list[tuple[float, Record]]) -> Iterator[Violation]:
    """Yield what a task must not do: end twice, or leave its end, without a retry between."""
    where = f"{task['id']} ({sent.kind}, {task['op']})"
    versions: dict[int, Record] = {}
    for _, record in [*seen, (0.0, task)]:
        known = versions.setdefault(record["version"], record)
        if known["status"] != record["status"]:
            sentence = f"version {record['version']} is {known['status']} and {record['status']}"
            yield Violation("double", where, sentence)
    ends = [versions[version] for version in sorted(versions) if versions[version]["status"] in ENDED]
    if len(ends) > 1 + len(sent.retries):
        shown = ", ".join(f"{end['status']} as version {end['version']} at {end['finished_at']}" for end in ends)
        yield Violation("double", where, f"{len(ends)} ends after {len(sent.retries)} retries: {shown}")
    left = sum(
        older["status"] in ENDED and newer["status"] not in ENDED
        for older, newer in pairwise(versions[version] for version in sorted(versions))
    )
    if left > len(sent.retries):
        yield Violation("went back", where, f"the task left its end {left} times after {len(sent.retries)} retries")


def _groups(sent: Sent, final: Final) -> Iterator[Violation]:
    groups: dict[str, list[Record]] = defaultdict(list)
    for task in final.tasks:
        if task["group"] is not None:
            groups[task["group"]].append(task)
    for name, tasks in groups.items():
        where = f"{sent.job_id} ({sent.kind}), group {name}"
        if sent.stop_group:
            first = next((place for place, task in enumerate(tasks) if task["status"] == "failed"), len(tasks))
            if behind := [task["id"] for task in tasks[first + 1 :] if task["status"] != "skipped"]:
                yield Violation("order", where, f"after the failed {tasks[first]['id']} these ran: {behind}")
        ran = [task for task in tasks if task["started_at"] and task["finished_at"] and task["status"] != "skipped"]
        # A retry runs what failed after what completed, where a failure does not stop its group.
        if sent.ordered and (sent.stop_group or not sent.retries):
            for first_task, second in pairwise(ran):
                if second["started_at"] < first_task["finished_at"]:
                    sentence = (
                        f"{second['id']} started at {second['started_at']}, "
                        f"before {first_task['id']} ended at {first_task['finished_at']}"
                    )
                    yield Violation("order", where, sentence)
