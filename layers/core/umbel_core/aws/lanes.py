"""The ops' lanes in AWS: their state, their messages, and live scaling."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from umbel_core.aws.clients import AWS_ERRORS
from umbel_core.aws.dynamo import has_code
from umbel_core.contract.responses import OpStatus
from umbel_core.errors import Rejected
from umbel_core.lane_settings import LaneSettings, LaneSettingsError, is_fair, lane_settings
from umbel_core.lanes import BULK_SUFFIX, Backlog, LaneState, queue_names
from umbel_core.op import Compute

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef as Mapped
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_PARALLEL_READS = 8
_BEING_CHANGED = (
    "ResourceInUseException",
    "being_changed",
    "The lane is being changed already; try again in a moment.",
)
_WAITING: "tuple[QueueAttributeNameType, ...]" = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
_SETTLED = ("Enabled", "Updating", "Enabling", "Creating")
_IN_FLIGHT: "QueueAttributeNameType" = "ApproximateNumberOfMessagesNotVisible"


class Lanes:
    """Lanes by op name: a function that may have reserved concurrency, and an event source mapping for each queue."""

    def __init__(
        self, lambdas: "LambdaClient", sqs: "SQSClient", prefix: str, *, reserve: bool, fair: bool = False
    ) -> None:
        """`prefix` comes before the op's name in the names of a lane's function and queues."""
        self._lambdas = lambdas
        self._sqs = sqs
        self._prefix = prefix
        self._reserve = reserve
        self._fair = fair
        self._urls: dict[str, str] = {}

    def states(self, known: Mapping[str, LaneState] | None = None) -> dict[str, LaneState]:
        """Return the state of every deployed lane, by op.

        Those of `known` stand for lanes for which AWS gives no answer: it takes few calls a second, and one that it
        refuses must not hide all others.
        """
        known = known or {}

        def read(op: str, own: "list[Mapped]") -> LaneState:
            try:
                return _state(own, self._reserved(op))
            except AWS_ERRORS:
                if op not in known:
                    raise
                return known[op]

        mappings = self._mappings()
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return dict(zip(mappings, pool.map(read, mappings, mappings.values()), strict=True))

    def health(self) -> dict[str, OpStatus]:
        """Return whether each deployed lane is ready, paused or degraded, with one call to AWS."""
        return {op: _state(own, None).state for op, own in self._mappings().items()}

    def backlogs(self, computes: Mapping[str, Compute]) -> dict[str, Backlog]:
        """Return the numbers of messages in the lanes of these ops, without those for which AWS gives no answer."""
        queues = {op: self._queues(op, compute) for op, compute in computes.items()}
        names = [name for own in queues.values() for name in own]
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            counted = dict(zip(names, pool.map(self._backlog, names), strict=True))
        found = {op: [counted[name] for name in own] for op, own in queues.items()}
        return {
            op: Backlog(sum(each.waiting for each in own if each), sum(each.in_flight for each in own if each))
            for op, own in found.items()
            if all(own)
        }

    def scale(self, op: str, concurrency: int, compute: Compute) -> None:
        """Change a lane's concurrency at once; 0 pauses it. Raise `Rejected` when AWS or the deployment refuses."""
        mappings = self._mappings_of(op)
        try:
            settings = lane_settings(op, compute, concurrency, reserve=self._reserve, fair=self._fair)
        except LaneSettingsError as error:
            raise Rejected("invalid_concurrency", f"{error}.") from error
        if not settings.enabled:
            for mapping in mappings:
                self._disable(mapping)
            return
        for queue in self._queues(op, compute):
            self._set_max_receives(queue, settings.max_receives)
        # In this order no cap is above the reservation: otherwise messages are throttled, and use up receives.
        if settings.cap < _cap(mappings[0]):
            self._set_caps(mappings, settings)
            self._set_reservation(op, settings)
        else:
            self._set_reservation(op, settings)
            self._set_caps(mappings, settings)

    def _queues(self, op: str, compute: Compute) -> list[str]:
        fair = is_fair(compute, fair=self._fair, reserve=self._reserve)
        return queue_names(f"{self._prefix}{op}", compute, fair=fair)

    def _set_max_receives(self, queue: str, count: int) -> None:
        url = self._url(queue)
        kept = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
        policy = msgspec.json.decode(kept["RedrivePolicy"])
        if int(policy["maxReceiveCount"]) != count:
            policy["maxReceiveCount"] = count
            text = msgspec.json.encode(policy).decode()
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": text})

    def _disable(self, mapping: "Mapped") -> None:
        with _refused(*_BEING_CHANGED):
            self._lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)

    def _set_caps(self, mappings: "list[Mapped]", settings: LaneSettings) -> None:
        for mapping in mappings:
            cap = settings.bulk_cap if _is_bulk(mapping) and settings.bulk_cap else settings.cap
            with _refused(*_BEING_CHANGED):
                self._lambdas.update_event_source_mapping(
                    UUID=mapping["UUID"], Enabled=True, ScalingConfig={"MaximumConcurrency": cap}
                )

    def _set_reservation(self, op: str, settings: LaneSettings) -> None:
        if settings.reserved is None:
            return
        name = f"{self._prefix}{op}"
        sentence = f"The account cannot reserve {settings.reserved} for '{op}'; `umbel doctor` says what fits."
        with _refused("InvalidParameterValueException", "account_limit", sentence):
            self._lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=settings.reserved)

    def _backlog(self, queue: str) -> Backlog | None:
        names = [*_WAITING, _IN_FLIGHT]
        try:
            found = self._sqs.get_queue_attributes(QueueUrl=self._url(queue), AttributeNames=names)["Attributes"]
        except AWS_ERRORS:
            # One queue of many must not keep the sweeper from all others.
            return None
        return Backlog(waiting=sum(int(found[name]) for name in _WAITING), in_flight=int(found[_IN_FLIGHT]))

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            self._urls[queue] = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return self._urls[queue]

    def _mappings(self) -> "dict[str, list[Mapped]]":
        pages = self._lambdas.get_paginator("list_event_source_mappings").paginate()
        found: dict[str, list[Mapped]] = {}
        for page in pages:
            for mapping in page["EventSourceMappings"]:
                name = mapping["FunctionArn"].split(":")[6]
                if name.startswith(self._prefix):
                    found.setdefault(name.removeprefix(self._prefix), []).append(mapping)
        return {op: sorted(own, key=_is_bulk) for op, own in found.items()}

    def _mappings_of(self, op: str) -> "list[Mapped]":
        """Return the mappings of a lane, that of its bulk queue last."""
        found = self._lambdas.list_event_source_mappings(FunctionName=f"{self._prefix}{op}")["EventSourceMappings"]
        if not found:
            raise Rejected("no_such_op", f"There is no op '{op}' here.")
        return sorted(found, key=_is_bulk)

    def _reserved(self, op: str) -> int | None:
        answer = self._lambdas.get_function_concurrency(FunctionName=f"{self._prefix}{op}")
        return answer.get("ReservedConcurrentExecutions")


def _is_bulk(mapping: "Mapped") -> bool:
    return mapping.get("EventSourceArn", "").endswith(BULK_SUFFIX)


def _cap(mapping: "Mapped") -> int:
    return mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0)


def _state(mappings: "list[Mapped]", reserved: int | None) -> LaneState:
    """Return the state of a lane. Without a reservation it has one mapping, whose cap is its concurrency."""
    paused = {mapping.get("State", "Enabled") in ("Disabled", "Disabling") for mapping in mappings}
    if paused == {True}:
        return LaneState(0, "paused")
    settled = all(mapping.get("State", "Enabled") in _SETTLED for mapping in mappings)
    return LaneState(_cap(mappings[0]) if reserved is None else reserved, "ready" if settled else "degraded")


@contextmanager
def _refused(aws_code: str, code: str, sentence: str) -> Iterator[None]:
    """Raise `Rejected` when AWS refuses a call with this error code."""
    try:
        yield
    except ClientError as error:
        if has_code(error, aws_code):
            raise Rejected(code, sentence) from error
        raise
