"""A DynamoDB client that holds one table and its indexes in memory, and answers the reads of lists as DynamoDB does."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from umbel_core.aws.keys import CREATION, JOB_INDEXES, job_key
from umbel_core.aws.ledger_table import job_item
from umbel_core.ledger import JobRecord

_CONDITION = re.compile(r"(\w+) = :shard(?: AND creation ([<>]) :after)?")


class FakeIndexes:
    """Counts its calls. An entry has only what its index copies, so that code cannot use more."""

    def __init__(self, jobs: Iterable[JobRecord] = ()) -> None:
        self.items = {job.id: job_item(job) for job in jobs}
        self.calls: Counter[str] = Counter()
        self.evaluated = 0

    def query(self, **query: Any) -> dict[str, Any]:
        self.calls["query"] += 1
        index = next(index for index in JOB_INDEXES if index.name == query["IndexName"])
        matched = _CONDITION.fullmatch(query["KeyConditionExpression"])
        assert matched
        assert matched[1] == index.partition
        values = query["ExpressionAttributeValues"]
        entries = [item for item in self.items.values() if item.get(index.partition) == values[":shard"]]
        if matched[2]:
            is_before = matched[2] == "<"
            entries = [item for item in entries if (item[CREATION]["S"] < values[":after"]["S"]) == is_before]
            entries = [item for item in entries if item[CREATION] != values[":after"]]
        entries.sort(key=lambda item: item[CREATION]["S"], reverse=not query["ScanIndexForward"])
        read = entries[: query["Limit"]]
        self.evaluated += len(read)
        names = query.get("ExpressionAttributeNames", {})
        assert set(names.values()) <= set(index.copied)
        passed = [item for item in read if all(item[name] == values[f":{name}"] for name in names.values())]
        kept = ("pk", "sk", CREATION, index.partition, *index.copied)
        answer: dict[str, Any] = {"Items": [{name: item[name] for name in kept} for item in passed]}
        if len(read) == query["Limit"]:
            answer["LastEvaluatedKey"] = {name: read[-1][name] for name in ("pk", "sk", CREATION, index.partition)}
        return answer

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.calls["batch_get_item"] += 1
        ((table, request),) = RequestItems.items()
        found = [item for item in self.items.values() if {"pk": item["pk"], "sk": item["sk"]} in request["Keys"]]
        return {"Responses": {table: found}}

    def remove(self, job_id: str) -> None:
        """Delete the record of a job but leave it in the indexes, as for some milliseconds on AWS."""
        self.items[job_id] = {**self.items[job_id], "sk": {"S": "GONE"}}
        assert self.items[job_id]["pk"] == job_key(job_id)["pk"]
