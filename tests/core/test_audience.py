"""A socket that goes takes along what was to end with it, whenever that was bound to it."""

import boto3
from botocore.stub import Stubber

from umbel_core.aws.audience import SocketAudience


def test_a_job_that_is_bound_while_its_socket_goes_ends_too() -> None:
    dynamodb = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    ended: list[str] = []
    with Stubber(dynamodb) as stub:
        stub.add_response("get_item", {"Item": {"pk": {"S": "SOCKET#s1"}, "jobs": {"SS": ["early"]}}})
        stub.add_response("delete_item", {"Attributes": {"pk": {"S": "SOCKET#s1"}, "jobs": {"SS": ["early", "late"]}}})
        SocketAudience(dynamodb, "table", None, ended.append).forget("s1")
    assert ended == ["early", "late"]
