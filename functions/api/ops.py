"""The catalogue with its live state, and the one number that tunes a lane."""

from itertools import groupby
from typing import Any

import msgspec

from api.wiring import catalogue, counters, intake, lanes, ledger
from umbel_core.errors import Rejected
from umbel_core.lane_settings import Concurrency
from umbel_core.ledger import INTAKE, DeadLetter, Event
from umbel_core.messages import RetryTasks
from umbel_core.op_stats import FOREVER

_MOST_LETTERS = 1000
"""What can be sent again within the half minute that a call has."""


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `PUT /ops/{op}`."""

    concurrency: Concurrency


def ops() -> dict[str, Any]:
    """Every deployed op: what it takes, its parameters, and its lane as it is now."""
    states = lanes().states()
    counted = counters().counted(FOREVER).forever
    cards = []
    for name, card in catalogue().items():
        described = msgspec.to_builtins(card)
        live = states.get(name)
        described["concurrency"] = live.concurrency if live else 0
        described["state"] = live.state if live else "degraded"
        described["last_success_at"] = (counted[name].last_success or None) if name in counted else None
        cards.append(described)
    return {"ops": cards}


def scale(op: str, wanted: Scale) -> dict[str, Any]:
    """Change a lane while it works."""
    if op not in catalogue():
        raise Rejected("no_such_op", f"There is no op '{op}' here; the ops are {', '.join(catalogue())}.")
    before = lanes().health().get(op)
    lanes().scale(op, wanted.concurrency, catalogue()[op].compute)
    ledger().record_event(_scaled(op, wanted.concurrency, was_paused=before == "paused"))
    return {"op": op, "concurrency": wanted.concurrency, "state": "paused" if wanted.concurrency == 0 else "ready"}


def _scaled(op: str, concurrency: int, *, was_paused: bool) -> Event:
    if concurrency == 0:
        return Event(kind="paused", op=op, message=f"{op} is paused; its work waits.")
    if was_paused:
        return Event(kind="resumed", op=op, message=f"{op} is resumed: at most {concurrency} at a time.")
    return Event(kind="scaled", op=op, message=f"{op} is scaled: at most {concurrency} at a time.")


def redrive(op: str) -> dict[str, Any]:
    """Start over everything of this op that was given up; `intake` stands for what could not be planned."""
    if op != INTAKE and op not in catalogue():
        raise Rejected("no_such_op", f"There is no op '{op}' here; the ops are {', '.join(catalogue())}, and {INTAKE}.")
    dead_letters = ledger().dead_letters(op)
    # What is not a task has no job, and nowhere to go.
    dead_letters = [dead_letter for dead_letter in dead_letters if op == INTAKE or dead_letter.job_id is not None][
        :_MOST_LETTERS
    ]
    # One message a job: the coordinator reads all of the job's tasks for each.
    for job, group in groupby(sorted(dead_letters, key=_job_of), _job_of):
        together = list(group)
        if op != INTAKE:
            intake().retry(
                RetryTasks(job, [dead_letter.index for dead_letter in together if dead_letter.index is not None])
            )
        for dead_letter in together:
            if op == INTAKE:
                intake().again(dead_letter.body)
            ledger().delete_dead_letter(dead_letter)
    return {"op": op, "redriven": len(dead_letters)}


def _job_of(dead_letter: DeadLetter) -> str:
    return dead_letter.job_id or ""
