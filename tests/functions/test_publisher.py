"""A deployment records which ops it added and which it removed."""

from publisher.op_changes import record_changes
from relay.changes import read_changes
from tests.fakes import FakeLedger


def recorded(ledger: FakeLedger) -> list[tuple[str, str | None]]:
    return [(event.kind, event.op) for event in read_changes(ledger.stream).events]


def test_the_first_deployment_records_nothing() -> None:
    ledger = FakeLedger()
    record_changes(ledger, ["blur", "crop"])
    assert recorded(ledger) == []


def test_added_and_removed_ops_are_recorded_once() -> None:
    ledger = FakeLedger()
    for ops in (["blur", "crop"], ["crop", "sharpen"], ["crop", "sharpen"]):
        record_changes(ledger, ops)
    assert recorded(ledger) == [("op_deployed", "sharpen"), ("op_removed", "blur")]
