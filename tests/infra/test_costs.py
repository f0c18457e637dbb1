"""The costs page says what the price table and the counts say."""

import pytest

from infra import costs
from tests.ops.running import CATALOGUE
from umbel.growth.upload import Upload
from umbel_core.prices import AS_OF, PRICES

UPLOADS = costs.uploads()


@pytest.mark.parametrize("size", UPLOADS)
def test_a_thousand_pictures_cost_seven_to_ten_cents(size: str) -> None:
    alone, loaded = costs.per_thousand(UPLOADS[size].alone), costs.per_thousand(UPLOADS[size].under_load)
    assert 0.07 <= loaded < alone <= 0.10


def test_a_thousand_pictures_by_hand() -> None:
    """5 writes of S3 a picture; 3 requests of SQS for it and for each task; one call of SNS for the four tasks."""
    upload = Upload(variants_ms=(10.0, 10.0, 10.0, 10.0), megabytes=1, results_mb=1)
    taken = upload.usage(batches=0)
    assert (taken["s3_write"], taken["s3_read"], taken["sqs_request"], taken["sns_publish"]) == (5, 4, 15, 1)
    assert taken["dynamodb_write"] == 2 * (4 + 1 + 1) + 2 + 4 * 2, "the plan's transaction with two indexes, four ends"
    assert taken["lambda_request"] == 1 + 4
    assert 1000 * 5 * PRICES["s3_write"].nano / 1e9 == pytest.approx(0.025)


def test_the_page_is_dated_and_has_every_price() -> None:
    page = costs.document(len(CATALOGUE), len(CATALOGUE.ordered))
    assert AS_OF in page
    assert all(price.unit in page for price in PRICES.values())
