"""What the version before stored elsewhere is moved: jobs into the indexes, marks of cancelled jobs to their jobs."""

from contextlib import suppress

from umbel_core.aws.dynamo import UNREADABLE, plain, record
from umbel_core.aws.keys import CANCELLED, INDEXED, JOB, cancelled_key, deployed_ops_key, job_key
from umbel_core.aws.ledger_table import LedgerTable, index_attributes
from umbel_core.ledger import JobRecord


class LedgerMigration(LedgerTable):
    """The part of `DynamoLedger` that a deployment runs before it records itself."""

    def migrate(self) -> int:
        """Move what is stored elsewhere, if the deployment before is of the version before; return the number of jobs.

        This reads the whole table, once: the record of a deployment says that its jobs are in the indexes.
        """
        previous = self._table.get(deployed_ops_key())
        if previous is None or INDEXED in previous:
            return 0
        marks = self._table.query("pk = :old", {":old": plain(CANCELLED)}, consistent=True)
        for mark in self._table.read_all(marks):
            moved = {**mark, **cancelled_key(mark["sk"]["S"])}
            self._table.client.put_item(**self._table.put(moved))
        return self._index_jobs()

    def _index_jobs(self) -> int:
        pages = self._table.client.get_paginator("scan").paginate(
            TableName=self._table.name,
            FilterExpression="sk = :job AND attribute_not_exists(job_shard)",
            ExpressionAttributeValues={":job": plain(JOB)},
        )
        indexed = 0
        for entry in (entry for page in pages for entry in page["Items"]):
            with suppress(*UNREADABLE):
                indexed += self._index(record(JobRecord, entry))
        return indexed

    def _index(self, job: JobRecord) -> bool:
        attributes = index_attributes(job)
        assignments = ", ".join(f"{name} = :{name}" for name in attributes)
        return self._table.write(
            self._table.update(
                job_key(job.id),
                f"SET {assignments} REMOVE listed, unfinished",
                {f":{name}": value for name, value in attributes.items()} | {":version": plain(job.version)},
                # Whoever changed the job since it was read has put it into the indexes.
                condition="version = :version",
            )
        )
