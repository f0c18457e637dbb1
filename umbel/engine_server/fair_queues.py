"""Give the engine what fair lanes need of AWS: two mappings on one function, and queues that are fair between groups.

Without this, the engine (1.5.33) receives messages for a function that is at its reserved concurrency. They are
throttled, stay invisible for the queue's whole visibility timeout, and their mapping pauses for a second. It delivers
the messages of a standard queue in their order, whatever their groups, and PublishBatch to a standard topic loses the
groups.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, MutableMapping
from itertools import count
from typing import Any, NamedTuple

Message = dict[str, Any]
_turn = count(1)


class Source(NamedTuple):
    """An event source mapping of one function, as the choice between several sees it."""

    in_flight: int
    """Batches that were dispatched and have not ended."""
    turn: int
    """The number of its last turn; grows with time."""
    wants: bool
    """Messages wait in its queue, and its own cap allows another batch."""


def may_receive(own: Source, others: Iterable[Source], free: int) -> bool:
    """Return whether a mapping may receive a batch now, when so many executions of its function are free.

    The last free one goes to the mapping with the fewest batches in flight, of several to the one that has waited
    longest. So no mapping takes all executions while messages wait in the queue of another.
    """
    if free <= 0:
        return False
    return free > 1 or not any(other.wants and other[:2] < own[:2] for other in others)


def in_turn(messages: Iterable[Message], most: int, turns: MutableMapping[str, int], now: float) -> list[Message]:
    """Return the messages that a standard queue delivers next: of the group with the fewest in flight first.

    Of several such groups, that which was served longest ago comes first. A message without a group is one by itself.
    `turns` is group -> number of its last turn; groups without messages are removed from it.
    """
    waiting: defaultdict[str, list[Message]] = defaultdict(list)
    in_flight: Counter[str] = Counter()
    for message in messages:
        group = message.get("group_id") or message["id"]
        if message["visible_at"] <= now:
            # Thousands may wait; of a group no more are taken than of all.
            if len(first := waiting[group]) < most:
                first.append(message)
        elif message["receive_count"]:
            in_flight[group] += 1
    for gone in turns.keys() - waiting.keys() - in_flight.keys():
        del turns[gone]
    taken: list[Message] = []
    while waiting and len(taken) < most:
        group = min(waiting, key=lambda group: (in_flight[group], turns.get(group, 0)))
        taken.append(waiting[group].pop(0))
        in_flight[group] += 1
        turns[group] = next(_turn)
        if not waiting[group]:
            del waiting[group]
    return taken


def share_functions() -> None:
    """Let a mapping receive only when its function has a free execution, in turn with the function's other mappings."""
    # Only the engine's own environment has this package.
    from ministack.services import lambda_svc, sqs  # type: ignore[import-not-found]  # noqa: PLC0415

    poll, dispatch, allowed = lambda_svc._poll_sqs, lambda_svc._dispatch_esm_batch, lambda_svc._sqs_esm_concurrency
    of_function: defaultdict[str, list[Any]] = defaultdict(list)
    turns: dict[str, int] = {}

    def poll_sqs() -> bool:
        of_function.clear()
        for _, _, mapping in lambda_svc._iter_all_esms():
            of_function[mapping["FunctionArn"]].append(mapping)
        return bool(poll())

    def dispatch_batch(mapping: str, *arguments: Any) -> None:
        turns[mapping] = next(_turn)
        dispatch(mapping, *arguments)

    def source(mapping: Any, function: Any, config: Any) -> Source:
        id_, queue = mapping["UUID"], sqs._queue_by_arn(mapping.get("EventSourceArn", ""))
        in_flight = lambda_svc._esm_inflight.get(id_, 0)
        wants = (
            queue is not None
            and mapping.get("Enabled", True)
            and lambda_svc._esm_backoff_until.get(id_, 0) <= time.time()
            and in_flight < allowed(mapping, function, config, queue)
            and _has_visible(queue)
        )
        return Source(in_flight, turns.get(id_, 0), wants)

    def concurrency(mapping: Any, function: Any, config: Any, queue: Any = None) -> int:
        limit = int(allowed(mapping, function, config, queue))
        others = [other for other in of_function[mapping["FunctionArn"]] if other["UUID"] != mapping["UUID"]]
        reserved = lambda_svc._reserved_concurrency(function, config)
        if not others or reserved is None:
            return limit
        own, *rest = (source(each, function, config) for each in (mapping, *others))
        in_use = lambda_svc._inflight.get(lambda_svc._inflight_key(config), 0)
        free = reserved - max(in_use, own.in_flight + sum(other.in_flight for other in rest))
        return limit if may_receive(own, rest, free) else 0

    lambda_svc._poll_sqs = poll_sqs
    lambda_svc._dispatch_esm_batch = dispatch_batch
    lambda_svc._sqs_esm_concurrency = concurrency


class _Attributes(dict[str, Any]):
    """The attributes of one entry of PublishBatch, with the entry's message group."""

    group = ""


def deliver_groups_in_turn() -> None:
    """Let standard topics pass message groups on, and standard queues deliver those in turn, as AWS does."""
    from ministack.services import sns, sqs  # noqa: PLC0415

    collect = sqs._collect_msgs
    turns: defaultdict[str, dict[str, int]] = defaultdict(dict)

    def collect_messages(queue: Any, most: int, visibility: int) -> Any:
        if queue["is_fifo"] or not any(message.get("group_id") for message in queue["messages"]):
            return collect(queue, most, visibility)
        for message in queue["messages"]:
            sqs._ensure_msg_fields(message)
        next_ones = in_turn(queue["messages"], most, turns[queue["attributes"]["QueueArn"]], time.time())
        return collect({**queue, "messages": next_ones}, most, visibility)

    parse, fan_out = sns._parse_batch_entries, sns._fanout

    def parse_batch_entries(params: Any) -> Any:
        entries = parse(params)
        for entry in entries:
            entry["message_attributes"] = attributes = _Attributes(entry["message_attributes"])
            attributes.group = entry["message_group_id"]
        return entries

    def fan_out_with_group(*arguments: Any, message_group_id: str = "", **further: Any) -> None:
        groups = [each.group for each in arguments if isinstance(each, _Attributes)]
        fan_out(*arguments, message_group_id=message_group_id or next(iter(groups), ""), **further)

    sqs._collect_msgs = collect_messages
    sns._parse_batch_entries, sns._fanout = parse_batch_entries, fan_out_with_group


def _has_visible(queue: Any) -> bool:
    now = time.time()
    visible: Iterator[bool] = (message.get("visible_at", 0) <= now for message in queue["messages"])
    return any(visible)
