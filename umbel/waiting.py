"""Find the messages that a deployment would delete with their queues, before it starts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from umbel import stack, stack_name
from umbel.aws import AwsTarget
from umbel.checks import Finding
from umbel.errors import UmbelError
from umbel.paths import ROOT
from umbel_core.catalogue import read_ops
from umbel_core.fused_lane import FUSED, fused_lane
from umbel_core.lane_settings import is_fair
from umbel_core.lanes import BULK_SUFFIX, FIFO_SUFFIX, queue_names
from umbel_core.op import Compute
from umbel_core.recipes import RecipeError, read_recipes

_MESSAGES = "ApproximateNumberOfMessages"
_COUNTS = (_MESSAGES, f"{_MESSAGES}NotVisible", f"{_MESSAGES}Delayed")


class Waiting(msgspec.Struct, frozen=True):
    """A lane's queue that the deployment deletes although it has messages."""

    op: str
    messages: int
    stays: bool
    """The tasks get another queue: the op became ordered or not ordered, its lane is not fair now, no recipe fuses."""

    def __str__(self) -> str:
        """Return what waits, and what happens to it."""
        tasks = f"1 task of '{self.op}'" if self.messages == 1 else f"{self.messages} tasks of '{self.op}'"
        if self.stays:
            return f"{tasks} would start again ten minutes later, because its queue is replaced"
        return f"{tasks} would fail, because the op is removed or renamed"


def lost_by_deploying(queues: Mapping[str, int], wanted: Mapping[str, Sequence[str]]) -> Iterator[Waiting]:
    """Yield what waits in lanes that the deployment deletes.

    `queues` are the deployed ones with their numbers of messages; `wanted` is op -> names of its queues.
    """
    lane = _lane()
    kept = {queue for names in wanted.values() for queue in names}
    for queue, messages in sorted(queues.items()):
        if messages and queue.startswith(lane) and queue not in kept:
            op = queue.removeprefix(lane).removesuffix(FIFO_SUFFIX).removesuffix(BULK_SUFFIX)
            yield Waiting(op, messages, stays=op in wanted or op == FUSED)


def left_out(target: str, context: Mapping[str, Any]) -> list[str]:
    """Return the ops that the context leaves out on this target; by default that of `cdk.json`."""
    given = _setting(context, "leave_out") or {}
    # From `-c` it is text.
    names: list[str] = (msgspec.json.decode(given) if isinstance(given, str) else given).get(target, [])
    return names


def _setting(context: Mapping[str, Any], name: str) -> Any:
    default = msgspec.json.decode((ROOT / "cdk.json").read_bytes())["context"].get(name)
    return context.get(name, default)


def found(aws: AwsTarget, ops: Path, target: str, context: Mapping[str, Any]) -> list[Waiting]:
    """Return what waits in the lanes that a deployment of these ops with this context deletes."""
    if stack.outputs(aws) is None:
        return []
    lane = _lane()
    # Values from the command line are text.
    fair, reserve = (str(_setting(context, name)).lower() != "false" for name in ("fair", "reserve"))
    wanted = {
        op: queue_names(f"{lane}{op}", compute, fair=is_fair(compute, fair=fair, reserve=reserve))
        for op, compute in lanes(ops, target, context).items()
    }
    return list(lost_by_deploying(messages(aws), wanted))


def lanes(ops: Path, target: str, context: Mapping[str, Any]) -> dict[str, Compute]:
    """Return the lanes that a deployment of these ops with this context has, with their compute settings."""
    catalogue = read_ops(ops)
    catalogue = catalogue.without([op for op in left_out(target, context) if op in catalogue])
    try:
        recipes = read_recipes(ROOT / str(context.get("recipes", "recipes.toml")), catalogue)
    except RecipeError as error:
        raise UmbelError(str(error)) from error
    return catalogue.with_fused(fused_lane(recipes, catalogue)).lanes


def refuse(waiting: Iterable[Waiting]) -> None:
    """Raise an error that says what waits, if anything does."""
    if sentences := "; ".join(map(str, waiting)):
        raise UmbelError(f"{sentences}. Let them end first, or deploy all the same: umbel up --drop-waiting")


def finding(waiting: list[Waiting], *, allowed: bool) -> Finding:
    """Return the same for `umbel doctor --deploy`."""
    if not waiting:
        return Finding("waiting", True, "no task waits in a lane that the deployment deletes")
    advice = ["let them end first, or deploy all the same: make deploy ARGS='-c drop_waiting=true'"]
    return Finding("waiting", allowed, "; ".join(map(str, waiting)), [] if allowed else advice)


def messages(aws: AwsTarget, name: str | None = None) -> dict[str, int]:
    """Return the number of messages of each queue of a stack, in flight included, without dead-letter queues."""
    sqs = aws.client("sqs")
    attributes = {
        url.rpartition("/")[2]: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for url in aws.resources(name or stack_name.chosen(), "AWS::SQS::Queue")
    }
    return {name: _count(queue) for name, queue in attributes.items() if "RedrivePolicy" in queue}


def _lane() -> str:
    """Return how the names of the lanes' queues begin."""
    return f"{stack_name.chosen()}-op-"


def _count(queue: Mapping[str, Any]) -> int:
    return sum(int(queue.get(count, 0)) for count in _COUNTS)
