"""What the deployment publishes for its clients is what the contract enforces."""

from typing import Any

import msgspec

from umbel_core import contract
from umbel_core.contract.limits import published
from umbel_core.op import Url
from umbel_core.settings import Limits


def schema(kind: Any, field: str) -> dict[str, Any]:
    return dict(msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"][field])


def test_the_published_limits_are_the_bounds_of_the_requests_fields() -> None:
    limits = published(Limits())
    assert schema(contract.CrawlRequest, "workers")["maximum"] == limits.max_crawl_workers
    assert schema(contract.Visit, "store_id")["maxLength"] == limits.max_store_id_length
    assert msgspec.json.schema(Url)["maxLength"] == limits.max_url_length
