"""What all parts of `DynamoLedger` share: the table, the time that records are kept, and how a job is stored."""

from typing import TYPE_CHECKING

from umbel_core.aws.dynamo import Item, item, plain
from umbel_core.aws.keys import BY_TIME, CREATION, FAILED, UNFINISHED, creation, job_key, job_shard
from umbel_core.aws.table import Table
from umbel_core.clock import epoch
from umbel_core.ledger import JobRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class LedgerTable:
    """The ledger's table."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, retention_days: int) -> None:
        self._table = Table(dynamodb, table)
        self._retention_seconds = retention_days * 86_400

    def _expiry(self) -> int:
        return epoch() + self._retention_seconds


def job_item(job: JobRecord) -> Item:
    """Return a job's record with the attributes that put it into the indexes."""
    return {**job_key(job.id), **item(job), **index_attributes(job)}


def index_attributes(job: JobRecord) -> Item:
    """Return the attributes that put a job into the indexes that it belongs to."""
    indexes = [BY_TIME, *([UNFINISHED] if job.has_open_tasks else []), *([FAILED] if job.status == "failed" else [])]
    shard = job_shard(job.id)
    return {CREATION: plain(creation(job.created_at, job.id)), **{index.partition: shard for index in indexes}}
