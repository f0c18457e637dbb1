"""The ops' lanes as they run now: how many at a time, paused or ready; and how to change that at work."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from umbel_core.contract.responses import OpStatus
from umbel_core.errors import Rejected
from umbel_core.lanes import Backlog, LaneState
from umbel_core.max_receives import max_receives_for
from umbel_core.op import Compute

FIFO_SUFFIX = ".fifo"
LEAST_CAP = 2
"""The smallest MaximumConcurrency that an SQS mapping takes."""


def queue_name(lane: str, compute: Compute) -> str:
    """The name of a lane's queue; a FIFO queue's ends as AWS wants it."""
    return f"{lane}{FIFO_SUFFIX}" if compute.ordered else lane


class Lanes:
    """Lanes by op name. A lane is an SQS mapping with a cap, on a function that may have reserved concurrency."""

    def __init__(self, lambdas: Any, sqs: Any, prefix: str, reserve: bool) -> None:
        self._lambdas = lambdas
        self._sqs = sqs
        self._prefix = prefix
        self._reserve = reserve
        self._urls: dict[str, str] = {}

    def states(self) -> dict[str, LaneState]:
        """Every deployed lane."""
        mappings = self._mappings()
        with ThreadPoolExecutor(8) as pool:
            reserved = dict(zip(mappings, pool.map(self._reserved, mappings), strict=True))
        return {op: self._state(mapping, reserved[op]) for op, mapping in mappings.items()}

    def health(self) -> dict[str, OpStatus]:
        """Every deployed lane's state, from one listing: cheap enough for a call that anybody may make."""
        return {op: self._state(mapping, None).state for op, mapping in self._mappings().items()}

    def backlogs(self, computes: Mapping[str, Compute]) -> dict[str, Backlog]:
        """The messages of these ops' lanes."""
        queues = [queue_name(f"{self._prefix}{op}", compute) for op, compute in computes.items()]
        with ThreadPoolExecutor(8) as pool:
            return dict(zip(computes, pool.map(self._backlog, queues), strict=True))

    def scale(self, op: str, concurrency: int, compute: Compute) -> None:
        """Let at most `concurrency` of the op run at a time, from now on. 0 pauses: messages wait in their queue."""
        mapping = self._mapping(op)
        if concurrency == 0:
            self._update(mapping, Enabled=False)
            return
        if not self._reserve and concurrency < LEAST_CAP:
            raise Rejected(
                "invalid_concurrency",
                f"This deployment has mapping caps alone (reserve=false), and a cap is at least {LEAST_CAP}.",
            )
        self._set_max_receives(
            queue_name(f"{self._prefix}{op}", compute), max_receives_for(concurrency, compute, reserve=self._reserve)
        )
        # Never a cap above the reservation: throttled messages would use up their receives.
        cap = max(LEAST_CAP, concurrency)
        if cap < mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0):
            self._update(mapping, Enabled=True, ScalingConfig={"MaximumConcurrency": cap})
            self._reserve_for(op, concurrency)
        else:
            self._reserve_for(op, concurrency)
            self._update(mapping, Enabled=True, ScalingConfig={"MaximumConcurrency": cap})

    def _set_max_receives(self, queue: str, count: int) -> None:
        url = self._url(queue)
        kept = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
        policy = msgspec.json.decode(kept["RedrivePolicy"])
        if int(policy["maxReceiveCount"]) != count:
            policy["maxReceiveCount"] = count
            changed = {"RedrivePolicy": msgspec.json.encode(policy).decode()}
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes=changed)

    def _backlog(self, queue: str) -> Backlog:
        names = [f"ApproximateNumberOfMessages{which}" for which in ("", "Delayed", "NotVisible")]
        found = self._sqs.get_queue_attributes(QueueUrl=self._url(queue), AttributeNames=names)["Attributes"]
        ready, delayed, taken = (int(found[name]) for name in names)
        return Backlog(waiting=ready + delayed, in_flight=taken)

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            self._urls[queue] = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return self._urls[queue]

    def _mappings(self) -> dict[str, dict[str, Any]]:
        pages = self._lambdas.get_paginator("list_event_source_mappings").paginate()
        return {
            name.removeprefix(self._prefix): mapping
            for page in pages
            for mapping in page["EventSourceMappings"]
            if (name := mapping["FunctionArn"].split(":")[6]).startswith(self._prefix)
        }

    def _mapping(self, op: str) -> dict[str, Any]:
        found = self._lambdas.list_event_source_mappings(FunctionName=f"{self._prefix}{op}")["EventSourceMappings"]
        if not found:
            raise Rejected("no_such_op", f"There is no op '{op}' here.")
        return found[0]  # type: ignore[no-any-return]

    def _update(self, mapping: dict[str, Any], **changes: Any) -> None:
        try:
            self._lambdas.update_event_source_mapping(UUID=mapping["UUID"], **changes)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceInUseException":
                raise Rejected("being_changed", "The lane is being changed already; try again in a moment.") from error
            raise

    def _reserve_for(self, op: str, concurrency: int) -> None:
        if not self._reserve:
            return
        name = f"{self._prefix}{op}"
        try:
            self._lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=concurrency)
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidParameterValueException":
                raise Rejected(
                    "account_limit",
                    f"The account cannot reserve {concurrency} for '{op}'; `umbel doctor` says what fits.",
                ) from error
            raise

    def _reserved(self, op: str) -> int | None:
        answer = self._lambdas.get_function_concurrency(FunctionName=f"{self._prefix}{op}")
        return answer.get("ReservedConcurrentExecutions")  # type: ignore[no-any-return]

    @staticmethod
    def _state(mapping: dict[str, Any], reserved: int | None) -> LaneState:
        cap = mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0)
        state = mapping.get("State", "Enabled")
        if state in ("Disabled", "Disabling"):
            return LaneState(0, "paused")
        settled = state in ("Enabled", "Updating", "Enabling", "Creating")
        concurrency = cap if reserved is None else min(cap, reserved)
        return LaneState(concurrency, "ready" if settled else "degraded")
