"""AWS's documented quotas that the pipeline can meet, in us-east-1, with the codes for a request to raise them.

A quota without a code cannot be raised, or grows by itself. Compared with copies of the pages in November 2026.
"""

import msgspec

_DOCS = "https://docs.aws.amazon.com/"


class Quota(msgspec.Struct, frozen=True):
    """The most that AWS does of something, a second or at a time."""

    name: str
    value: float
    unit: str
    source: str
    service: str = ""
    code: str = ""


CONCURRENCY = Quota(
    "Concurrent executions",
    1000,
    "executions at a time",
    _DOCS + "lambda/latest/dg/gettingstarted-limits.html",
    "lambda",
    "L-B99A9384",
)
MAPPING = Quota(
    "MaximumConcurrency of a mapping",
    1000,
    "executions at a time",
    _DOCS + "lambda/latest/dg/services-sqs-scaling.html",
)
TABLE_WRITES = Quota(
    "Table-level write throughput limit",
    40_000,
    "write units a second",
    _DOCS + "amazondynamodb/latest/developerguide/ServiceQuotas.html",
    "dynamodb",
    "L-AB614373",
)
PARTITION_WRITES = Quota(
    "Writes to one partition key",
    1000,
    "write units a second",
    _DOCS + "amazondynamodb/latest/developerguide/bp-partition-key-design.html",
)
NEW_TABLE_WRITES = Quota(
    "Writes to a new on-demand table, until it has grown",
    4000,
    "write units a second",
    _DOCS + "amazondynamodb/latest/developerguide/on-demand-capacity-mode.html",
)
PUBLISHES = Quota(
    "Messages Published per Second",
    30_000,
    "messages a second",
    _DOCS + "general/latest/gr/sns.html",
    "sns",
    "L-F8E2BA85",
)
PREFIX_WRITES = Quota(
    "S3 PUTs below one prefix",
    3500,
    "requests a second",
    _DOCS + "AmazonS3/latest/userguide/optimizing-performance.html",
)
API_REQUESTS = Quota(
    "Throttle rate",
    10_000,
    "requests a second",
    _DOCS + "apigateway/latest/developerguide/limits.html",
    "apigateway",
    "L-8A5B8E43",
)
