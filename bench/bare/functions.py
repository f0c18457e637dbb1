"""The bare pipeline's functions: the same hops as Umbel's, with nothing but the calls that these need.

No retries, no deduplication, no counts, no checks of the input, no messages about errors.
"""

import io
import json
import os
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

import boto3
from PIL import Image, ImageFilter, ImageOps

TABLE, CONNECTIONS, RESULTS = "bare", "bare-connections", "bare-results"


def _thumbnail(picture: Image.Image) -> Image.Image:
    picture.thumbnail((256, 256), Image.Resampling.LANCZOS)
    return picture


OPS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "thumbnail": _thumbnail,
    "grayscale": lambda picture: picture.convert("L"),
    "blur": lambda picture: picture.filter(ImageFilter.GaussianBlur(4)),
    "rotate90": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
}


@cache
def client(service: str, endpoint: str | None = None) -> Any:
    """Return a client, built once."""
    return boto3.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]


def coordinator(event: dict[str, Any], _context: object) -> None:
    """Intake queue -> a job's record -> topic."""
    for message in event["Records"]:
        for created in json.loads(message["body"]).get("Records", []):
            key, job = unquote_plus(created["s3"]["object"]["key"]), uuid.uuid4().hex
            client("dynamodb").put_item(TableName=TABLE, Item={"pk": {"S": job}, "sk": {"S": "JOB"}, "key": {"S": key}})
            entries = [
                {
                    "Id": op,
                    "Message": json.dumps({"job": job, "key": key, "op": op}),
                    "MessageAttributes": {"op": {"DataType": "String", "StringValue": op}},
                }
                for op in OPS
            ]
            client("sns").publish_batch(TopicArn=os.environ["TOPIC"], PublishBatchRequestEntries=entries)
    print("planned", len(event["Records"]))


def worker(event: dict[str, Any], _context: object) -> None:
    """Lane -> op -> results bucket and table."""
    for message in event["Records"]:
        task = json.loads(message["body"])
        source = client("s3").get_object(Bucket=os.environ["UPLOADS"], Key=task["key"])["Body"].read()
        with Image.open(io.BytesIO(source)) as picture:
            out = io.BytesIO()
            if task["op"] == "thumbnail":
                picture.draft("RGB", (512, 512))
            OPS[task["op"]](ImageOps.exif_transpose(picture)).save(out, "JPEG", quality=85)
        client("s3").put_object(
            Bucket=RESULTS, Key=f"{task['job']}/{task['op']}.jpg", Body=out.getvalue(), ContentType="image/jpeg"
        )
        item = {"pk": {"S": task["job"]}, "sk": {"S": task["op"]}, "status": {"S": "completed"}}
        client("dynamodb").put_item(TableName=TABLE, Item=item)
    print("done", len(event["Records"]))


def relay(event: dict[str, Any], _context: object) -> None:
    """Table's stream -> connections."""
    items = [record["dynamodb"]["NewImage"] for record in event["Records"]]
    tasks = [item for item in items if "status" in item]
    if tasks:
        found = client("dynamodb").scan(TableName=CONNECTIONS, ConsistentRead=True)["Items"]
        gateway = client("apigatewaymanagementapi", os.environ["GATEWAY"])
        for connection in found:
            for item in tasks:
                task = {"id": f"{item['pk']['S']}/{item['sk']['S']}", "status": item["status"]["S"]}
                message = json.dumps([{"type": "task", "task": task}]).encode()
                gateway.post_to_connection(ConnectionId=connection["pk"]["S"], Data=message)
    print("sent", len(tasks))


def sockets(event: dict[str, Any], _context: object) -> dict[str, int]:
    """WebSocket API -> table of connections."""
    key = {"pk": {"S": event["requestContext"]["connectionId"]}}
    if event["requestContext"]["eventType"] == "CONNECT":
        client("dynamodb").put_item(TableName=CONNECTIONS, Item=key)
    elif event["requestContext"]["eventType"] == "DISCONNECT":
        client("dynamodb").delete_item(TableName=CONNECTIONS, Key=key)
    print("socket")
    return {"statusCode": 200}
