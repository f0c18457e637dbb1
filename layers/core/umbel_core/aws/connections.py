"""The connections of the WebSocket API and their subscriptions, in a table of their own (`umbel_core.aws.keys`)."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, zip_longest
from math import inf
from random import sample
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError

from umbel_core.aws.dynamo import Item, has_code, plain
from umbel_core.aws.keys import connection_in, connection_key, ticker_key, topic_in, topic_key
from umbel_core.aws.table import Table
from umbel_core.clock import epoch
from umbel_core.messages import MAX_TOPICS

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

CONNECTION_SECONDS = 3 * 3600
"""API Gateway closes a connection after two hours; its record expires an hour later if no disconnect arrived."""
_PARALLEL_SENDS = 32
_LONGEST_FRAME = 32_000
"""Bytes. API Gateway sends up to 32 KB as one frame, and counts each 32 KB as a message of its bill
(https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html)."""
_ROOM = "attribute_not_exists(#topics) OR contains(#topics, :topic) OR size(#topics) < :most"


class SocketConnections:
    """Keeps connections and subscriptions, and sends messages. A connection that is found closed is removed."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        table: str,
        gateway: "ApiGatewayManagementApiClient",
        end_job: Callable[[str], object],
    ) -> None:
        """`end_job` cancels a job that ends with its connection."""
        self._table = Table(dynamodb, table)
        self._gateway = gateway
        self._end_job = end_job
        self._pool = ThreadPoolExecutor(_PARALLEL_SENDS)

    def add(self, socket: str, role: str, token: str = "") -> None:
        """Store a new connection with the role and the id of its token."""
        entry = {**connection_key(socket), "role": plain(role), "token": plain(token), "expire_at": _expiry()}
        self._table.client.put_item(**self._table.put(entry))

    def remove(self, socket: str) -> None:
        """End the connection's jobs and subscriptions; delete its record last, because it lists them."""
        entry = self._entry(socket)
        for job_id in _strings(entry, "jobs"):
            self._end_job(job_id)
        for topic in _strings(entry, "topics"):
            self._change(topic_key(topic), "DELETE", "sockets", socket)
        deleted = self._table.delete(connection_key(socket)) or {}
        for job_id in _strings(deleted, "jobs") - _strings(entry, "jobs"):  # added since the record was read
            self._end_job(job_id)

    def close_all(self, token: str) -> int:
        """Close the connections of a token; return how many there were. API Gateway reports each as disconnected."""
        pages = self._table.client.get_paginator("scan").paginate(
            TableName=self._table.name,
            FilterExpression="#token = :token",
            ExpressionAttributeNames={"#token": "token"},
            ExpressionAttributeValues={":token": plain(token)},
            ConsistentRead=True,
        )
        sockets = [connection_in(entry) for page in pages for entry in page["Items"]]
        for socket in sockets:
            try:
                self._gateway.delete_connection(ConnectionId=socket)
            except ClientError as error:
                if not has_code(error, "GoneException", "410"):
                    raise
        return len(sockets)

    def role(self, socket: str) -> str:
        """Return the role of the connection's token; empty when there is no such connection."""
        entry = self._entry(socket)
        return entry["role"]["S"] if "role" in entry else ""

    def _entry(self, socket: str) -> Item:
        return self._table.get(connection_key(socket)) or {}

    def bind_job(self, socket: str, job_id: str) -> bool:
        """Have a job end with the connection; return False when the connection has closed already."""
        values: Item = {":job": {"SS": [job_id]}}
        return self._table.write(
            self._table.update(connection_key(socket), "ADD jobs :job", values, condition="attribute_exists(pk)")
        )

    def subscribe(self, socket: str, topic: str) -> bool:
        """Subscribe the connection to a topic; return False when it has as many topics as one may have."""
        condition: tuple[str, Item] = (_ROOM, {":topic": plain(topic), ":most": plain(MAX_TOPICS)})
        if not self._change(connection_key(socket), "ADD", "topics", topic, condition):
            return False
        self._change(topic_key(topic), "ADD", "sockets", socket)
        return True

    def unsubscribe(self, socket: str, topic: str) -> None:
        """End the connection's subscription to a topic."""
        self._change(topic_key(topic), "DELETE", "sockets", socket)
        self._change(connection_key(socket), "DELETE", "topics", topic)

    def claim_ticker(self, run: str) -> None:
        """Make this run of the ticker the one that sends the stats; earlier runs stop."""
        self._table.client.put_item(
            **self._table.put({**ticker_key(), "run": plain(run), "expire_at": _expiry()}),
        )

    def holds_ticker(self, run: str) -> bool:
        """Return False when another run of the ticker has claimed it."""
        return (self._table.get(ticker_key()) or {}).get("run") == plain(run)

    def subscribers(self, topics: list[str]) -> dict[str, set[str]]:
        """Return topic -> ids of the connections that subscribed to it."""
        found = self._table.get_many(topic_key(topic) for topic in topics)
        return {topic_in(entry): _strings(entry, "sockets") for entry in found}

    def send(self, messages: Mapping[str, Sequence[bytes]], seconds: float = inf) -> None:
        """Send each connection its messages as JSON lists of at most 32 kB, none later than after so many seconds.

        The lists travel in parallel and may overtake each other; each record in them has a version, so a client can
        ignore the older one. Every connection gets its first list before any gets its second. The order of the
        connections is random, so that those that a time limit cuts off are others each time.
        """
        deadline = time.monotonic() + seconds
        lists = {id(own): list(_lists(own)) for own in messages.values()}
        rows = zip_longest(
            *([(socket, each) for each in lists[id(messages[socket])]] for socket in sample([*messages], len(messages)))
        )
        posts = [post for post in chain.from_iterable(rows) if post]
        post = partial(self._post, deadline)
        results = [post(posts[0])] if len(posts) == 1 else self._pool.map(post, posts)
        closed = {socket for (socket, _), is_open in zip(posts, results, strict=True) if not is_open}
        for socket in closed:
            self.remove(socket)

    def _post(self, deadline: float, post: tuple[str, bytes]) -> bool:
        """Send one message; return False when the connection is closed.

        After any other error only this message is lost: the client asks for what it misses.
        """
        if time.monotonic() > deadline:
            return True
        socket, message = post
        try:
            self._gateway.post_to_connection(ConnectionId=socket, Data=message)
        except ClientError as error:
            return not has_code(error, "GoneException", "410")
        except BotoCoreError:
            return True
        return True

    def _change(
        self,
        key: Item,
        action: Literal["ADD", "DELETE"],
        attribute: str,
        member: str,
        condition: tuple[str, Item] = ("", {}),
    ) -> bool:
        """Add a member to a set of strings or delete it; return False when the condition is not met."""
        expression = f"{action} #{attribute} :member SET expire_at = :later"
        values: Item = {":member": {"SS": [member]}, ":later": _expiry(), **condition[1]}
        return self._table.write(self._table.update(key, expression, values, condition=condition[0], names=[attribute]))


def _lists(messages: Sequence[bytes]) -> Iterator[bytes]:
    """Yield JSON lists of the messages, each as long as one frame may be; a longer message is alone in its list."""
    part: list[bytes] = []
    size = 0
    for message in messages:
        if part and size + len(message) + 2 > _LONGEST_FRAME:
            yield _list(part)
            part, size = [], 0
        part.append(message)
        size += len(message) + 1
    if part:
        yield _list(part)


def _list(messages: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(messages) + b"]"


def _expiry() -> "AttributeValueTypeDef":
    return plain(epoch() + CONNECTION_SECONDS)


def _strings(entry: Item, attribute: str) -> set[str]:
    return set(entry[attribute]["SS"]) if attribute in entry else set()
