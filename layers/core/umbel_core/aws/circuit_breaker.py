"""Circuits in the ledger's table, so that all workers share them."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import Item, has_code, plain, record
from umbel_core.aws.keys import CIRCUITS, circuit_key
from umbel_core.circuit_breaker import FAILURES, FORGET_SECONDS, OPEN_SECONDS, PROBE_SECONDS, Circuit
from umbel_core.clock import epoch
from umbel_core.errors import Rejected
from umbel_core.ledger import Event

_FRESH_SECONDS = 1.0
_REFUSED = "ConditionalCheckFailedException"
_UNKNOWN = Circuit(failures=0)


class DynamoCircuitBreaker:
    """`umbel_fetching.fetcher.Circuits` on a table. What is known of a host is asked for once a second at most.

    `record_event` is called when a circuit opens and closes.
    """

    def __init__(self, dynamodb: Any, table: str, record_event: Callable[[Event], object] = lambda _: None) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._record_event = record_event
        self._known: dict[str, tuple[float, Circuit]] = {}

    def check(self, host: str) -> None:
        """Raise `Rejected` when the host is to be left alone; otherwise go, maybe as the one probe."""
        circuit, moment = self._look(host), epoch()
        match circuit.state(moment):
            case "open":
                raise _refusal(host, f"it is asked again in {circuit.open_until - moment} s")
            case "half_open" if not self._probe(host, moment):
                raise _refusal(host, "it is being asked whether it is back")

    def failed(self, host: str) -> None:
        """One more fault in a row; the one that fills the measure opens the circuit."""
        moment = epoch()
        later = {":later": plain(moment + FORGET_SECONDS), ":now": plain(moment)}
        try:
            counted = self._update(
                host,
                "ADD failures :one SET expire_at = :later",
                "attribute_not_exists(pk) OR expire_at > :now",
                {**later, ":one": plain(1)},
            )
        except ClientError as error:
            if not has_code(error, _REFUSED):
                raise
            fresh = {":one": plain(1), ":later": later[":later"]}
            counted = self._update(
                host, "SET failures = :one, expire_at = :later REMOVE open_until, probe_until", None, fresh
            )
        if counted.failures >= FAILURES:
            until = {":until": plain(moment + OPEN_SECONDS)}
            counted = self._update(host, "SET open_until = :until REMOVE probe_until", None, until)
        if counted.failures == FAILURES:
            sentence = f"{host} failed {FAILURES} times in a row and is left alone for {OPEN_SECONDS} s."
            self._record_event(Event(kind="circuit_opened", host=host, message=sentence))
        self._known[host] = time.monotonic(), counted

    def answered(self, host: str) -> None:
        """The host is well: what was held against it is forgotten."""
        known = self._look(host)
        if not known.failures:
            return
        self._known[host] = time.monotonic(), _UNKNOWN
        gone = self._dynamodb.delete_item(TableName=self._table, Key=circuit_key(host), ReturnValues="ALL_OLD")
        if known.failures >= FAILURES and "Attributes" in gone:
            self._record_event(Event(kind="circuit_closed", host=host, message=f"{host} is well again."))

    def all(self) -> dict[str, Circuit]:
        """Hosts whose circuit is not closed."""
        query = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": CIRCUITS},
        }
        pages = self._dynamodb.get_paginator("query").paginate(**query)
        found = {entry["sk"]["S"]: record(Circuit, entry) for page in pages for entry in page["Items"]}
        return {host: circuit for host, circuit in found.items() if circuit.state(epoch()) != "closed"}

    def _look(self, host: str) -> Circuit:
        asked, circuit = self._known.get(host, (float("-inf"), _UNKNOWN))
        if time.monotonic() - asked > _FRESH_SECONDS:
            found = self._dynamodb.get_item(TableName=self._table, Key=circuit_key(host)).get("Item")
            circuit = record(Circuit, found) if found else _UNKNOWN
            if len(self._known) > 1000:
                self._known.clear()
            self._known[host] = time.monotonic(), circuit
        return circuit

    def _probe(self, host: str, moment: int) -> bool:
        """True for the one that gets through."""
        values = {":now": plain(moment), ":until": plain(moment + PROBE_SECONDS)}
        nobody = "open_until <= :now AND (attribute_not_exists(probe_until) OR probe_until <= :now)"
        try:
            self._update(host, "SET probe_until = :until", nobody, values)
        except ClientError as error:
            if has_code(error, _REFUSED):
                return False
            raise
        return True

    def _update(self, host: str, change: str, condition: str | None, values: Item) -> Circuit:
        conditional = {"ConditionExpression": condition} if condition else {}
        answer = self._dynamodb.update_item(
            TableName=self._table,
            Key=circuit_key(host),
            UpdateExpression=change,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
            **conditional,
        )
        return record(Circuit, answer["Attributes"])


def _refusal(host: str, until: str) -> Rejected:
    return Rejected("circuit_open", f"{host} failed {FAILURES} times in a row and is left alone; {until}.")
