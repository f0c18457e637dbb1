"""Deploy the bare pipeline beside Umbel's on the same local engine: the same hops, batches and concurrency."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from bench.bare.functions import CONNECTIONS, OPS, RESULTS, TABLE
from bench.pipeline import Pipeline
from umbel.stack import STACK, Deployment

UPLOADS = "bare-uploads"
_ROLE = "arn:aws:iam::000000000000:role/bare"
_STAGE = "v1"
_CONCURRENCY = 4


class Bare:
    """Deploys it once on an engine."""

    def __init__(self, stack: Deployment) -> None:
        self._stack = stack
        umbel = self._client("lambda").get_function_configuration(FunctionName=f"{STACK}-op-thumbnail")
        self._runtime, self._layers = umbel["Runtime"], [layer["Arn"] for layer in umbel["Layers"]]
        self._plain = {name: text for name, text in umbel["Environment"]["Variables"].items() if "MALLOC" in name}

    def deploy(self) -> Pipeline:
        """Deploy it; return where to put photos and where to listen."""
        s3, sns = self._client("s3"), self._client("sns")
        for bucket in (UPLOADS, RESULTS):
            s3.create_bucket(Bucket=bucket)
        stream = self._tables()
        topic = sns.create_topic(Name="bare-tasks")["TopicArn"]
        intake = self._queue("bare-intake")
        self._function("coordinator", {"TOPIC": topic})
        self._map("bare-coordinator", intake, 10)
        for op in OPS:
            lane = self._queue(f"bare-{op}")
            self._function("worker", {"UPLOADS": UPLOADS, **self._plain}, op)
            self._map(f"bare-{op}", lane, 1)
            attributes = {"RawMessageDelivery": "true", "FilterPolicy": json.dumps({"op": [op]})}
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=lane, Attributes=attributes)
        api = self._sockets()
        self._function("relay", {"GATEWAY": f"{self._stack.endpoint}/_aws/execute-api/{api}/{_STAGE}"})
        self._client("lambda").create_event_source_mapping(
            EventSourceArn=stream, FunctionName="bare-relay", StartingPosition="TRIM_HORIZON", BatchSize=90
        )
        created = {"QueueArn": intake, "Events": ["s3:ObjectCreated:*"]}
        s3.put_bucket_notification_configuration(
            Bucket=UPLOADS, NotificationConfiguration={"QueueConfigurations": [created]}
        )
        url = f"{self._stack.endpoint}/_aws/execute-api/{api}/{_STAGE}".replace("http", "ws", 1)
        return Pipeline("bare", s3, UPLOADS, url, counts_jobs=False)

    def _tables(self) -> str:
        """Create the tables; return the ARN of the stream of the tasks."""
        dynamodb = self._client("dynamodb")
        for name, keys in ((CONNECTIONS, ("pk",)), (TABLE, ("pk", "sk"))):
            made = dynamodb.create_table(
                TableName=name,
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                BillingMode="PAY_PER_REQUEST",
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            )
        return str(made["TableDescription"]["LatestStreamArn"])

    def _sockets(self) -> str:
        """Create the WebSocket API; return its id."""
        gateway = self._client("apigatewayv2")
        arn = self._function("sockets", {})
        api = gateway.create_api(
            Name="bare", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
        )["ApiId"]
        uri = f"arn:aws:apigateway:{self._stack.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
        made = gateway.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=uri)
        for route in ("$connect", "$disconnect", "$default"):
            gateway.create_route(ApiId=api, RouteKey=route, Target=f"integrations/{made['IntegrationId']}")
        gateway.create_stage(ApiId=api, StageName=_STAGE, AutoDeploy=True)
        return str(api)

    def _queue(self, name: str) -> str:
        sqs = self._client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "120"})["QueueUrl"]
        return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])

    def _function(self, handler: str, environment: dict[str, str], name: str = "") -> str:
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as packed:
            packed.write(Path(__file__).with_name("functions.py"), "functions.py")
        made = self._client("lambda").create_function(
            FunctionName=f"bare-{name or handler}",
            Runtime=self._runtime,
            Role=_ROLE,
            Handler=f"functions.{handler}",
            Code={"ZipFile": code.getvalue()},
            Layers=self._layers,
            Timeout=60,
            MemorySize=1769,
            Environment={"Variables": environment},
        )
        return str(made["FunctionArn"])

    def _map(self, function: str, queue: str, batch: int) -> None:
        lambdas = self._client("lambda")
        lambdas.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=_CONCURRENCY)
        lambdas.create_event_source_mapping(
            EventSourceArn=queue,
            FunctionName=function,
            BatchSize=batch,
            ScalingConfig={"MaximumConcurrency": _CONCURRENCY},
        )

    def _client(self, service: str) -> Any:
        return self._stack.aws.client(service)
