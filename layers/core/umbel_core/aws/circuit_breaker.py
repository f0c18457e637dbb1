"""Circuits in the ledger's table, so that all workers share them."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from umbel_core.aws.dynamo import Item, has_code, plain, record
from umbel_core.aws.keys import CIRCUITS, circuit_key
from umbel_core.aws.table import Table
from umbel_core.circuit_breaker import FAILURES, FORGET_SECONDS, OPEN_SECONDS, PROBE_SECONDS, CircuitRecord
from umbel_core.clock import epoch
from umbel_core.errors import Rejected
from umbel_core.ledger import Event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CACHE_SECONDS = 1.0
_CACHED_HOSTS = 1000
_UNKNOWN = CircuitRecord(failures=0)


class DynamoCircuitBreaker:
    """`umbel_fetching.fetcher.Circuits` on a table; it reads each host's circuit at most once a second."""

    def __init__(
        self, dynamodb: "DynamoDBClient", table: str, record_event: Callable[[Event], object] = lambda _: None
    ) -> None:
        """`record_event` is called when a circuit opens or closes."""
        self._table = Table(dynamodb, table)
        self._record_event = record_event
        self._known: dict[str, tuple[float, CircuitRecord]] = {}

    def check(self, host: str) -> None:
        """Raise `Rejected` while the host must not be called. While half open, let one caller through as the probe."""
        circuit, moment = self._circuit(host), epoch()
        match circuit.state(moment):
            case "open":
                raise _refusal(host, f"the next try is in {circuit.open_until - moment} s")
            case "half_open" if not self._claim_probe(host, moment):
                raise _refusal(host, "another task is trying it now")

    def failed(self, host: str) -> None:
        """Count a failure; open the circuit when there are enough in a row."""
        moment = epoch()
        counted = self._count_failure(host, moment)
        if counted.failures >= FAILURES:
            until = {":until": plain(moment + OPEN_SECONDS)}
            counted = self._update(host, "SET open_until = :until REMOVE probe_until", until)
        if counted.failures == FAILURES:
            sentence = f"{host} failed {FAILURES} times in a row; no task calls it for {OPEN_SECONDS} s."
            self._record_event(Event(kind="circuit_opened", host=host, message=sentence))
        self._known[host] = time.monotonic(), counted

    def answered(self, host: str) -> None:
        """Close the host's circuit and forget its failures."""
        known = self._circuit(host)
        if not known.failures:
            return
        self._known[host] = time.monotonic(), _UNKNOWN
        deleted = self._table.delete(circuit_key(host))
        if known.failures >= FAILURES and deleted:
            self._record_event(Event(kind="circuit_closed", host=host, message=f"{host} answers again."))

    def all(self) -> dict[str, CircuitRecord]:
        """Return the circuits that are not closed, by host."""
        query = self._table.query("pk = :pk", {":pk": CIRCUITS})
        found = {entry["sk"]["S"]: record(CircuitRecord, entry) for entry in self._table.read_all(query)}
        return {host: circuit for host, circuit in found.items() if circuit.state(epoch()) != "closed"}

    def _circuit(self, host: str) -> CircuitRecord:
        read_at, circuit = self._known.get(host, (float("-inf"), _UNKNOWN))
        if time.monotonic() - read_at > _CACHE_SECONDS:
            found = self._table.get(circuit_key(host))
            circuit = record(CircuitRecord, found) if found else _UNKNOWN
            if len(self._known) > _CACHED_HOSTS:
                self._known.clear()
            self._known[host] = time.monotonic(), circuit
        return circuit

    def _count_failure(self, host: str, moment: int) -> CircuitRecord:
        """Add a failure to those in a row; start again at one when the last is too long ago."""
        values = {":one": plain(1), ":later": plain(moment + FORGET_SECONDS)}
        try:
            return self._update(
                host,
                "ADD failures :one SET expire_at = :later",
                {**values, ":now": plain(moment)},
                "attribute_not_exists(pk) OR expire_at > :now",
            )
        except ClientError as error:
            if not has_code(error, "ConditionalCheckFailedException"):
                raise
        return self._update(host, "SET failures = :one, expire_at = :later REMOVE open_until, probe_until", values)

    def _claim_probe(self, host: str, moment: int) -> bool:
        """Return True for the one caller that may send the probe to the host."""
        values = {":now": plain(moment), ":until": plain(moment + PROBE_SECONDS)}
        unclaimed = "open_until <= :now AND (attribute_not_exists(probe_until) OR probe_until <= :now)"
        return self._table.write(
            self._table.update(circuit_key(host), "SET probe_until = :until", values, condition=unclaimed)
        )

    def _update(self, host: str, change: str, values: Item, condition: str = "") -> CircuitRecord:
        update = self._table.update(circuit_key(host), change, values, condition=condition)
        return record(CircuitRecord, self._table.client.update_item(**update, ReturnValues="ALL_NEW")["Attributes"])


def _refusal(host: str, next_try: str) -> Rejected:
    return Rejected("circuit_open", f"{host} failed {FAILURES} times in a row and is not called; {next_try}.")
