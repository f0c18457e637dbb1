"""All places of a deployment in which a secret could be found, as text."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.logs import log_lines
from umbel.paths import HOME, LOGS

_ERRORS = ("error", "errors")
_PLAIN = TypeDeserializer()
_TEXT = (".json", ".txt", ".yaml", ".py", ".js", ".html")


def all_places(deployed: Deployed, api: ApiClient) -> dict[str, str]:
    """Return name of the place -> everything that is in it."""
    return {
        "template": "\n".join(_assembly()),
        "logs": "\n".join([*(line.text for line in log_lines(deployed)), *_files_of_logs()]),
        "metrics": "\n".join(str(api.get(path).body) for path in ("/metrics", "/stats", "/ops", "/health")),
        "results": "\n".join(_objects(deployed)),
        **_ledger(deployed),
        "other tables": "\n".join(
            _text(row) for table in _tables(deployed) - {deployed.stack.table} for row in _rows(deployed, table)
        ),
    }


def _files_of_logs() -> Iterator[str]:
    """Return the logs of the engine and of the deployment."""
    yield from (path.read_text(errors="replace") for path in LOGS.glob("*.log"))


def _assembly() -> Iterator[str]:
    """Return what was deployed: the template and the functions' own code."""
    for path in (HOME / "cdk.out").rglob("*"):
        if path.suffix in _TEXT and path.is_file() and "python" not in path.parts:
            yield path.read_text(errors="replace")


def _ledger(deployed: Deployed) -> dict[str, str]:
    """Return the ledger's records, with the errors of jobs and tasks apart."""
    found = defaultdict(list)
    for row in _rows(deployed, deployed.stack.table):
        errors = {name: row.pop(name) for name in _ERRORS if name in row}
        kind = "jobs and tasks" if str(row["pk"]).startswith("JOB#") else "other records"
        found[kind].append(_text(row))
        found["errors"].append(_text(errors))
    return {name: "\n".join(found[name]) for name in ("jobs and tasks", "errors", "other records")}


def _tables(deployed: Deployed) -> set[str]:
    return set(deployed.client("dynamodb").list_tables()["TableNames"])


def _rows(deployed: Deployed, table: str) -> Iterator[dict[str, Any]]:
    for page in deployed.client("dynamodb").get_paginator("scan").paginate(TableName=table):
        yield from ({name: _PLAIN.deserialize(value) for name, value in item.items()} for item in page["Items"])


def _objects(deployed: Deployed) -> Iterator[str]:
    """Return keys, headers, metadata and bytes of the objects in the results bucket."""
    s3, bucket = deployed.client("s3"), deployed.stack.results_bucket
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", ()):
            answer = s3.get_object(Bucket=bucket, Key=entry["Key"])
            body = answer.pop("Body").read().decode("latin-1")
            yield f"{entry['Key']} {json.dumps(answer, default=str)} {body}"


def _text(row: dict[str, Any]) -> str:
    return str({name: bytes(value) if hasattr(value, "value") else value for name, value in row.items()})
