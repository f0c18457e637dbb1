"""The layer's botocore knows the operations that the code calls, whole, in all regions, and no others."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.session import Session

from infra import bundle
from infra.aws_calls import called_operations, reduced
from infra.target import AWS, read_target
from tests.core.aws.stubs import CALLED, SERVICES

TARGETS = [AWS, read_target({"target": "local"}.get)]


def _data(target: Any) -> Path:
    return bundle.layer("core", target) / "python" / "botocore" / "data"


@cache
def _loader(data: Path | None) -> Loader:
    """Return a loader that takes the layer's data for botocore's own; without a path, one of botocore's own data."""
    loader = Loader([str(data or Loader.BUILTIN_DATA_PATH)], include_default_search_paths=False)
    loader.BUILTIN_DATA_PATH = str(data or Loader.BUILTIN_DATA_PATH)
    return loader


def _session(data: Path | None) -> Session:
    session = Session()
    session.set_credentials("x", "x")
    session.register_component("data_loader", _loader(data))
    return session


def _client(session: Session, service: str, region: str) -> Any:
    return session.create_client(service, region)


def _texts(part: Any) -> Iterator[str]:
    """Yield the texts of the documentation in a part of a model."""
    values = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, each in values:
        if name == "documentation" and isinstance(each, str):
            yield each
        else:
            yield from _texts(each)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.parametrize("service", SERVICES)
def test_the_layer_has_the_operations_that_the_code_calls_and_no_others(target: Any, service: str) -> None:
    model = _loader(_data(target)).load_service_model(service, "service-2")
    assert list(model["operations"]) == CALLED[service]
    assert not list(_texts([model["operations"], model["shapes"]]))


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_left_of_an_operation_is_as_botocore_describes_it(service: str) -> None:
    whole, left = (_loader(data).load_service_model(service, "service-2") for data in (None, _data(TARGETS[1])))
    expected = reduced(whole, list(whole["operations"]))
    for part in ("operations", "shapes"):
        assert {name: expected[part][name] for name in left[part]} == left[part]
    # Each shape that is left can be read: none that it uses is missing.
    client = _session(_data(TARGETS[1])).create_client(service, "eu-west-1", endpoint_url="http://localhost")
    for name in left["shapes"]:
        client.meta.service_model.shape_for(name)
    assert {error.name for error in client.meta.service_model.error_shapes} == {
        name for name, shape in whole["shapes"].items() if shape.get("exception")
    }


@pytest.mark.parametrize("service", SERVICES)
def test_the_layer_knows_the_endpoint_in_each_region_of_each_partition(service: str) -> None:
    whole, left = _session(None), _session(_data(TARGETS[1]))
    partitions = whole.get_available_partitions()
    assert left.get_available_partitions() == partitions
    for partition in partitions:
        regions = whole.get_available_regions(service, partition)
        assert left.get_available_regions(service, partition) == regions
        # One client is enough: a partition's regions share their rules.
        for region in regions[:1]:
            first, second = (_client(session, service, region) for session in (whole, left))
            assert second.meta.endpoint_url == first.meta.endpoint_url
            if service == "s3":
                urls = [
                    each.generate_presigned_url("get_object", {"Bucket": "b", "Key": "k"}) for each in (first, second)
                ]
                assert urls[0].partition("?")[0] == urls[1].partition("?")[0]


def test_a_call_is_found_by_its_method_and_by_its_name_in_a_string(tmp_path: Path) -> None:
    code = 'def clear(sqs, s3):\n    sqs.purge_queue()\n    s3.get_paginator("list_objects")\n'
    (tmp_path / "clearing.py").write_text(code)
    found = called_operations(["sqs", "s3"], [tmp_path])
    assert found["sqs"] == ["PurgeQueue"]
    # botocore itself asks for the regions of buckets (HeadBucket), and makes the URLs of forms as for CreateBucket.
    assert {"ListObjects", "HeadBucket", "CreateBucket"} <= set(found["s3"])
    assert "CopyObject" not in found["s3"]


def test_a_new_call_builds_the_layer_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = bundle.layer("core", TARGETS[1])
    monkeypatch.setattr(bundle, "called_operations", lambda *_: {**CALLED, "sqs": [*CALLED["sqs"], "PurgeQueue"]})
    after = bundle.layer("core", TARGETS[1])
    assert after != before
    client = _session(after / "python" / "botocore" / "data").create_client("sqs", "eu-west-1")
    assert client.meta.method_to_api_mapping["purge_queue"] == "PurgeQueue"
