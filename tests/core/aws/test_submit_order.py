"""A request's job is in the ledger before its object is in the bucket."""

import pytest

from tests.core.aws.stubs import stubbed
from tests.functions.stage import CATALOGUE
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.uploads import S3Uploads
from umbel_core.errors import Rejected
from umbel_core.settings import Limits
from umbel_core.submit import Submitter

MANIFEST = b'{"tasks":[{"op":"say","input":"hi"}]}'
PICTURE = b'{"image_data":"cGl4","operation":"soft"}'


@pytest.mark.parametrize("body", [MANIFEST, PICTURE])
def test_an_object_whose_job_could_not_be_written_is_not_put(body: bytes) -> None:
    with stubbed("dynamodb") as table, stubbed("s3") as bucket:
        table.refuse("put_item", "AccessDeniedException")
        submitter = Submitter(DynamoLedger(table.client, "t", 1), S3Uploads(bucket.client, "b"), CATALOGUE, Limits())
        with pytest.raises(table.client.exceptions.ClientError):
            submitter.submit(body)
    assert (table.operations, bucket.operations) == (["PutItem"], [])


@pytest.mark.parametrize(("body", "kept"), [(MANIFEST, MANIFEST), (PICTURE, b"pix")])
def test_the_pending_job_names_the_object_that_follows(body: bytes, kept: bytes) -> None:
    with stubbed("dynamodb") as table, stubbed("s3") as bucket:
        table.answer("put_item")
        bucket.answer("put_object")
        submitter = Submitter(DynamoLedger(table.client, "t", 1), S3Uploads(bucket.client, "b"), CATALOGUE, Limits())
        submitter.submit(body)
    assert table.only["Item"]["source"] == {"S": bucket.only["Key"]}
    assert bucket.only["Body"] == kept


def test_a_refused_body_writes_nothing() -> None:
    with stubbed("dynamodb") as table, stubbed("s3") as bucket:
        submitter = Submitter(DynamoLedger(table.client, "t", 1), S3Uploads(bucket.client, "b"), CATALOGUE, Limits())
        with pytest.raises(Rejected):
            submitter.submit(b'{"tasks":[{"op":"none","input":"hi"}]}')
    assert table.operations == bucket.operations == []
