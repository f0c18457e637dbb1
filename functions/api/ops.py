"""The deployed ops with the state of their lanes; scaling and redrive of a lane."""

from itertools import groupby

from api.wiring import catalogue, counters, intake, lanes, ledger
from umbel_core.contract import LaneSetting, Op, OpList, Redriven, ScaleRequest
from umbel_core.errors import Rejected
from umbel_core.lanes import LaneState
from umbel_core.ledger import INTAKE, DeadLetter, Event
from umbel_core.messages import RetryTasks
from umbel_core.op import OpCard
from umbel_core.op_stats import FOREVER, OpStats
from umbel_core.validation import hint_at

_MOST_DEAD_LETTERS = 1000
"""The most that one call can send again before it times out after half a minute."""


def ops() -> OpList:
    """Return every deployed op with the state of its lane."""
    states = lanes().states()
    stats = counters().counted(FOREVER).forever
    return OpList(ops=[_op(card, states.get(name), stats.get(name)) for name, card in catalogue().items()])


def _op(card: OpCard, lane: LaneState | None, stats: OpStats | None) -> Op:
    return Op(
        **{name: getattr(card, name) for name in ("name", "summary", "takes", "carrier", "returns", "input", "params")},
        media_types=list(card.media_types),
        compute=card.compute,
        concurrency=lane.concurrency if lane else 0,
        state=lane.state if lane else "degraded",
        last_success_at=(stats.last_success or None) if stats else None,
    )


def scale(op: str, wanted: ScaleRequest) -> LaneSetting:
    """Set how many of the op may run at a time, from now on; so it does for the lane of fused recipes."""
    known = catalogue().lanes
    if op not in known:
        raise Rejected("no_such_op", f"There is no op '{op}' here; {hint_at(op, known, 'the ops are')}")
    before = lanes().health().get(op)
    lanes().scale(op, wanted.concurrency, known[op])
    ledger().record_event(_scaled(op, wanted.concurrency, was_paused=before == "paused"))
    return LaneSetting(op=op, concurrency=wanted.concurrency, state="paused" if wanted.concurrency == 0 else "ready")


def _scaled(op: str, concurrency: int, *, was_paused: bool) -> Event:
    if concurrency == 0:
        return Event(kind="paused", op=op, message=f"{op} is paused; its work waits.")
    if was_paused:
        return Event(kind="resumed", op=op, message=f"{op} is resumed: at most {concurrency} at a time.")
    return Event(kind="scaled", op=op, message=f"{op} is scaled: at most {concurrency} at a time.")


def redrive(op: str) -> Redriven:
    """Send the dead letters of an op again, or those of the intake queue: jobs that could not be planned."""
    if op != INTAKE and op not in catalogue():
        hint = hint_at(op, [*catalogue(), INTAKE], "the ops and the intake are")
        raise Rejected("no_such_op", f"There is no op '{op}' here; {hint}")
    dead_letters = ledger().redrivable(op, _MOST_DEAD_LETTERS)
    # One message for each job: the coordinator reads all tasks of the job for each message.
    for job, group in groupby(sorted(dead_letters, key=_job_of), _job_of):
        together = list(group)
        if op != INTAKE:
            indices = [dead_letter.index for dead_letter in together if dead_letter.index is not None]
            intake().retry(RetryTasks(job, indices, trace_id=together[0].trace_id))
        for dead_letter in together:
            if op == INTAKE:
                intake().again(dead_letter.body)
            ledger().delete_dead_letter(dead_letter)
    return Redriven(op=op, redriven=len(dead_letters))


def _job_of(dead_letter: DeadLetter) -> str:
    return dead_letter.job_id or ""
