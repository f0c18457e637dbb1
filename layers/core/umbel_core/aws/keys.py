"""The keys of all records.

The ledger's table:

| pk | sk | record |
|---|---|---|
| `JOB#<job id>` | `JOB` | the job; the indexes `jobs-by-time`, `jobs-unfinished` and `jobs-failed` list it |
| `JOB#<job id>` | `TASK#<index>` | one task |
| `JOB#<job id>` | `STOPPED#<group>` | why the rest of a group is skipped, where the op is not ordered |
| `JOB#<job id>` | `CANCELLED` | the job is cancelled, so workers skip its tasks |
| `TAKEN` | `<job id>` | how many shared tasks of a crawl its workers took |
| `PACE` | `<host>:<port>` | when a host may be called again, for crawls with a delay |
| `DEAD#<op>` | `<message id>` | a dead letter |
| `CIRCUITS` | `<host>:<port>` | a host that failed lately |
| `EVENTS` | `EVENT#<time>#<id>` | a system event, kept for a day |
| `STATS#<slot>` | `FRESH` | op stats that one writer added since they were last rolled up, by period |
| `STATS#<slot>` | `PLANNED` | op -> number of planned tasks |
| `STATS` | `TOTAL#ALL` | op stats of all time, without those in the slots |
| `STATS` | `MINUTE#<minute>#ALL` | op stats of the tasks that ended in this minute, kept for two hours |
| `STATS` | `REPEATED#MINUTE#<minute>` | op -> runs that ended in this minute, when their task had ended already |
| `LANES` | `STATE` | the states of the lanes, as of the last minute or as they were set since |
| `DEPLOYED` | `OPS` | the ops of the last deployment |
| `IDEMPOTENCY#<hash of token and key>` | `KEY` | the job that a request with an `Idempotency-Key` started |
| `SWEEP` | `STATE` | how far the sweeper has read |

The indexes hold the jobs only, by sixteen shards, so that no partition of an index takes more than a sixteenth of the
writes. A job's shard, `00` to `15`, follows from its id. The sort key of each index is `creation`:
`<created at>#<job id>`.

| index | partition key | jobs |
|---|---|---|
| `jobs-by-time` | `job_shard` | all |
| `jobs-unfinished` | `unfinished_shard` | those with tasks that have not ended |
| `jobs-failed` | `failed_shard` | those that failed |

The connections' table has no sort key:

| pk | record |
|---|---|
| `SOCKET#<connection id>` | a connection: its role, the topics that it subscribed to, the jobs that end with it |
| `TOPIC#<job id>`, `TOPIC#*` or `TOPIC#stats` | the ids of the connections that subscribed to the topic |
| `TICKER` | the ticker's run that sends the stats |
"""

from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from umbel_core.aws.dynamo import Item, plain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


class JobIndex(NamedTuple):
    """An index of jobs."""

    name: str
    partition: str
    """The attribute that has the shard of each job in the index."""
    copied: tuple[str, ...] = ()
    """The fields of the job that the index copies, besides the keys: lists are filtered by them."""


BY_TIME = JobIndex("jobs-by-time", "job_shard", ("kind", "status"))
UNFINISHED = JobIndex("jobs-unfinished", "unfinished_shard", ("kind", "status"))
FAILED = JobIndex("jobs-failed", "failed_shard", ("kind",))
JOB_INDEXES = (BY_TIME, UNFINISHED, FAILED)
SHARDS = tuple(f"{number:02d}" for number in range(16))
"""DynamoDB writes at most a thousand units a second to one partition key. A job takes about three in `jobs-by-time`:
one when it is created and one at each change of its status."""
CREATION = "creation"
"""The sort key of the indexes."""
JOB = "JOB"
TASK = "TASK#"
EVENT = "EVENT#"
INDEXED = "indexed"
"""The attribute of the last deployment's record that says that all jobs are in the indexes."""
STATS = plain("STATS")
FRESH = "FRESH"
PLANNED = "PLANNED"
REPEATED = "REPEATED#"
ROLLED_UP = "#ALL"
"""The end of the key of a period's record. Those of the version before end with a number, and are still read."""
STATS_SLOTS = 48
"""Relays at work take a slot each, and there is one relay for each shard of the stream. BatchGetItem reads a hundred
records: both records of each slot."""
CANCELLED = "CANCELLED"
CIRCUITS = plain("CIRCUITS")
_CONNECTION = "SOCKET#"
_TOPIC = "TOPIC#"


def job_partition(job_id: str) -> str:
    """Return the partition that a job shares with its tasks."""
    return f"JOB#{job_id}"


def job_key(job_id: str) -> Item:
    """Return the key of a job."""
    return _key(job_partition(job_id), JOB)


def job_id_in(key: Item) -> str:
    """Return the job id in the key of a record in a job's partition."""
    return key["pk"]["S"].removeprefix("JOB#")


def job_shard(job_id: str) -> "AttributeValueTypeDef":
    """Return the partition of the indexes that a job belongs to."""
    return plain(SHARDS[crc32(job_id.encode()) % len(SHARDS)])


def creation(created_at: str, job_id: str) -> str:
    """Return a job's place in the order of creation. No two jobs have the same."""
    return f"{created_at}#{job_id}"


def task_key(job_id: str, index: int) -> Item:
    """Return the key of a task. The index has six digits, so that keys sort by it."""
    return _key(job_partition(job_id), f"{TASK}{index:06d}")


def stopped_group_key(job_id: str, group: str) -> Item:
    """Return the key of a group whose remaining tasks are skipped."""
    return _key(job_partition(job_id), f"STOPPED#{group}")


def cancelled_key(job_id: str) -> Item:
    """Return the key of a cancelled job's mark."""
    return _key(job_partition(job_id), CANCELLED)


def taken_key(job_id: str) -> Item:
    """Return the key of the number of a job's shared tasks that workers took."""
    return _key("TAKEN", job_id)


def dead_letter_partition(op: str) -> str:
    """Return the partition of an op's dead letters."""
    return f"DEAD#{op}"


def dead_letter_key(op: str, message_id: str) -> Item:
    """Return the key of a dead letter."""
    return _key(dead_letter_partition(op), message_id)


def circuit_key(host: str) -> Item:
    """Return the key of a host's circuit."""
    return {"pk": CIRCUITS, "sk": plain(host)}


def pace_key(host: str) -> Item:
    """Return the key of the time at which a host may be called again."""
    return _key("PACE", host)


def event_key(at: str, event_id: str) -> Item:
    """Return the key of a system event."""
    return _key("EVENTS", f"{EVENT}{at}#{event_id}")


def slot_key(slot: int) -> Item:
    """Return the key of a slot of the op stats."""
    return _key(f"STATS#{slot:02d}", FRESH)


def slot_in(key: Item) -> int:
    """Return the slot in the key of its record."""
    return int(key["pk"]["S"].removeprefix("STATS#"))


def planned_key(slot: int) -> Item:
    """Return the key of one slot's counts of planned tasks."""
    return _key(f"STATS#{slot:02d}", PLANNED)


def stats_key(period: str) -> Item:
    """Return the key of the op stats of one period (`TOTAL` or `MINUTE#<minute>`)."""
    return {"pk": STATS, "sk": plain(f"{period}{ROLLED_UP}")}


def repeated_key(period: str) -> Item:
    """Return the key of a minute's counts of repeated runs."""
    return {"pk": STATS, "sk": plain(f"{REPEATED}{period}")}


def deployed_ops_key() -> Item:
    """Return the key of the last deployment's ops."""
    return _key("DEPLOYED", "OPS")


def lanes_key() -> Item:
    """Return the key of the lanes' states."""
    return _key("LANES", "STATE")


def idempotency_key(key_hash: str) -> Item:
    """Return the key of a request that was sent with an `Idempotency-Key`."""
    return _key(f"IDEMPOTENCY#{key_hash}", "KEY")


def sweep_key() -> Item:
    """Return the key of the sweeper's own record."""
    return _key("SWEEP", "STATE")


def connection_key(connection_id: str) -> Item:
    """Return the key of a connection."""
    return {"pk": plain(f"{_CONNECTION}{connection_id}")}


def connection_in(entry: Item) -> str:
    """Return the id of the connection that a record is of."""
    return entry["pk"]["S"].removeprefix(_CONNECTION)


def topic_key(topic: str) -> Item:
    """Return the key of a topic's subscribers."""
    return {"pk": plain(f"{_TOPIC}{topic}")}


def topic_in(key: Item) -> str:
    """Return the topic in the key of its subscribers."""
    return key["pk"]["S"].removeprefix(_TOPIC)


def ticker_key() -> Item:
    """Return the key of the ticker's current run."""
    return {"pk": plain("TICKER")}


def _key(partition: str, sort: str) -> Item:
    return {"pk": plain(partition), "sk": plain(sort)}
