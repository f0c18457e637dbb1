"""Deployment -> web bucket: the custom resource that publishes the web app on every target."""

from typing import Any

import msgspec
import urllib3
from aws_lambda_powertools import Logger

from publisher.environment import PublisherEnvironment
from publisher.op_changes import record_changes
from publisher.publishing import Site, clear, publish
from umbel_core.aws import clients, wiring
from umbel_core.environment import parse

logger = Logger(service="publisher")


def handle(event: dict[str, Any], context: Any) -> None:
    """Process an event of the CloudFormation custom resource; the answer goes to the URL in the event."""
    properties = event["ResourceProperties"]
    site = msgspec.convert({name: properties[name] for name in Site.__struct_fields__}, Site)
    try:
        if event["RequestType"] == "Delete":
            clear(clients.s3(), site.bucket)
        else:
            logger.info("published", extra={"keys": len(publish(clients.s3(), site))})
            ledger = wiring.ledger(parse(PublisherEnvironment))
            logger.info("migrated", extra={"jobs": ledger.migrate()})
            ledger.forget_lanes()
            record_changes(ledger, properties["ops"])
        status, reason = "SUCCESS", ""
    except Exception as error:
        logger.exception("not published")
        status, reason = "FAILED", f"The web app could not be published: {error}"
    _answer(event, status, reason, context.log_stream_name)


def _answer(event: dict[str, Any], status: str, reason: str, log: str) -> None:
    body = {
        "Status": status,
        "Reason": reason or f"See {log}",
        "PhysicalResourceId": event.get("PhysicalResourceId", event["LogicalResourceId"]),
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    urllib3.request("PUT", event["ResponseURL"], body=msgspec.json.encode(body), headers={"Content-Type": ""})
