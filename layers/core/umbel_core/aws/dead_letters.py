"""Dead letters in the ledger's table, kept until they are redriven or expire."""

from collections.abc import Iterator
from itertools import islice

from umbel_core.aws.dynamo import item, plain, record
from umbel_core.aws.keys import dead_letter_key, dead_letter_partition
from umbel_core.aws.ledger_table import LedgerTable
from umbel_core.ledger import DeadLetter


class LedgerDeadLetters(LedgerTable):
    """The part of `umbel_core.ledger.Ledger` that keeps dead letters."""

    def put_dead_letter(self, dead_letter: DeadLetter) -> None:
        key = dead_letter_key(dead_letter.op, dead_letter.id)
        entry = {**key, **item(dead_letter), "expire_at": plain(self._expiry())}
        self._table.client.put_item(**self._table.put(entry))

    def dead_letters(self, op: str) -> list[DeadLetter]:
        return list(self._each(op))

    def redrivable(self, op: str, most: int) -> list[DeadLetter]:
        return list(islice((kept for kept in self._each(op) if kept.is_redrivable), most))

    def _each(self, op: str) -> Iterator[DeadLetter]:
        """Yield the op's dead letters; the next page of the table is read when it is needed."""
        query = self._table.query("pk = :pk", {":pk": plain(dead_letter_partition(op))}, consistent=True)
        return (record(DeadLetter, entry) for entry in self._table.read_all(query))

    def delete_dead_letter(self, dead_letter: DeadLetter) -> None:
        self._table.delete(dead_letter_key(dead_letter.op, dead_letter.id))
