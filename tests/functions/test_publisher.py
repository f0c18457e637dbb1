"""A deployment tells what it changed."""

from publisher.op_changes import announce
from relay.changes import read_changes
from tests.fakes import FakeLedger


def told(ledger: FakeLedger) -> list[tuple[str, str | None]]:
    return [(event.kind, event.op) for event in read_changes(ledger.stream).events]


def test_the_first_deployment_has_nothing_to_record_event() -> None:
    ledger = FakeLedger()
    announce(ledger, ["blur", "crop"])
    assert told(ledger) == []


def test_ops_that_came_and_ops_that_went_are_told_once() -> None:
    ledger = FakeLedger()
    for ops in (["blur", "crop"], ["crop", "sharpen"], ["crop", "sharpen"]):
        announce(ledger, ops)
    assert told(ledger) == [("op_deployed", "sharpen"), ("op_removed", "blur")]
