"""The connections of the WebSocket API and their subscriptions, in a table of their own (`umbel_core.aws.keys`)."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, zip_longest
from math import inf
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from umbel_core.aws.dynamo import Item, has_code, plain
from umbel_core.aws.keys import connection_key, ticker_key, topic_in, topic_key
from umbel_core.clock import epoch

SOCKET_SECONDS = 3 * 3600
"""API Gateway ends a socket after two hours; its record goes an hour later if nobody saw it go."""
_PER_READ = 100
_SIDE_BY_SIDE = 4


class SocketConnections:
    """Who listens, and how to tell them. Whoever finds a socket gone ends the jobs that were to end with it."""

    def __init__(self, dynamodb: Any, table: str, gateway: Any, end_job: Callable[[str], object]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._gateway = gateway
        self._end_job = end_job
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE)

    def add(self, socket: str, role: str) -> None:
        """Remember a socket that connected."""
        record = {**connection_key(socket), "role": plain(role), "expire_at": plain(epoch() + SOCKET_SECONDS)}
        self._dynamodb.put_item(TableName=self._table, Item=record)

    def remove(self, socket: str) -> None:
        """End what was to end with a socket, then its subscriptions, and last the record that knows them."""
        record = self._record(socket)
        for job in _jobs(record):
            self._end_job(job)
        for topic in record.get("topics", {}).get("SS", ()):
            self._change(topic_key(topic), "DELETE", "sockets", socket)
        gone = self._dynamodb.delete_item(TableName=self._table, Key=connection_key(socket), ReturnValues="ALL_OLD")
        for job in _jobs(gone.get("Attributes", {})) - _jobs(record):  # bound meanwhile
            self._end_job(job)

    def role(self, socket: str) -> str:
        """What the token that it came with allows."""
        record = self._record(socket)
        return str(record["role"]["S"]) if "role" in record else ""

    def _record(self, socket: str) -> dict[str, Any]:
        answer = self._dynamodb.get_item(TableName=self._table, Key=connection_key(socket), ConsistentRead=True)
        return answer.get("Item", {})  # type: ignore[no-any-return]

    def bind_job(self, socket: str, job_id: str) -> bool:
        """Have a job end with the socket; False when the socket has gone meanwhile."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=connection_key(socket),
                UpdateExpression="ADD jobs :job",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":job": {"SS": [job_id]}},
            )
        except ClientError as error:
            if has_code(error, "ConditionalCheckFailedException"):
                return False
            raise
        return True

    def subscribe(self, socket: str, topic: str) -> None:
        """From now on the socket hears of the topic."""
        self._change(connection_key(socket), "ADD", "topics", topic)
        self._change(topic_key(topic), "ADD", "sockets", socket)

    def unsubscribe(self, socket: str, topic: str) -> None:
        """From now on it does not."""
        self._change(topic_key(topic), "DELETE", "sockets", socket)
        self._change(connection_key(socket), "DELETE", "topics", topic)

    def claim_ticker(self, run: str) -> None:
        """From now on this run of the ticker holds_ticker, and no earlier one."""
        talking = {**ticker_key(), "run": plain(run), "expire_at": plain(epoch() + SOCKET_SECONDS)}
        self._dynamodb.put_item(TableName=self._table, Item=talking)

    def holds_ticker(self, run: str) -> bool:
        """False once another run has taken over."""
        found = self._dynamodb.get_item(TableName=self._table, Key=ticker_key(), ConsistentRead=True).get("Item", {})
        return bool(found.get("run") == plain(run))

    def subscribers(self, topics: list[str]) -> dict[str, set[str]]:
        """Topic -> ids of the sockets that subscribed to it."""
        found: dict[str, set[str]] = {}
        keys = [topic_key(topic) for topic in topics]
        while keys:
            chunk, keys = keys[:_PER_READ], keys[_PER_READ:]
            answer = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": chunk, "ConsistentRead": True}})
            for entry in answer["Responses"].get(self._table, ()):
                found[topic_in(entry)] = set(entry.get("sockets", {}).get("SS", ()))
            keys += answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        return found

    def send(self, messages: dict[str, list[bytes]], seconds: float = inf) -> None:
        """Send each socket its messages; one that is gone is forgotten, the others go on.

        Messages travel side by side and may overtake each other: each says its version, so none moves a state back.
        Everybody's first one goes before anybody's second, and none after so many seconds.
        """
        until = time.monotonic() + seconds
        rows = zip_longest(*([(socket, message) for message in own] for socket, own in messages.items()))
        posts = [post for post in chain.from_iterable(rows) if post]
        post = partial(self._post, until)
        reached = [post(posts[0])] if len(posts) == 1 else self._pool.map(post, posts)
        gone = {socket for (socket, _), here in zip(posts, reached, strict=True) if not here}
        for socket in gone:
            self.remove(socket)

    def _post(self, until: float, post: tuple[str, bytes]) -> bool:
        """False when the socket is gone. Any other refusal costs that socket this message, and nobody else anything:
        the socket asks for what it misses.
        """
        if time.monotonic() > until:
            return True
        socket, message = post
        try:
            self._gateway.post_to_connection(ConnectionId=socket, Data=message)
        except ClientError as error:
            return not has_code(error, "GoneException", "410")
        except BotoCoreError:
            return True
        return True

    def _change(self, key: Item, verb: str, attribute: str, member: str) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key=key,
            UpdateExpression=f"{verb} #set :member SET expire_at = :later",
            ExpressionAttributeNames={"#set": attribute},
            ExpressionAttributeValues={":member": {"SS": [member]}, ":later": plain(epoch() + SOCKET_SECONDS)},
        )


def _jobs(record: dict[str, Any]) -> set[str]:
    return set(record.get("jobs", {}).get("SS", ()))
