"""What must hold for every queue, function, policy and bucket of the template, whoever adds one."""

import json
import re
import shutil
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.app import routes
from coordinator.handler import NEEDED_MS
from infra.queue import DEAD_SUFFIX
from tests.infra.synthesis import (
    OPS,
    as_list,
    named,
    of_type,
    stack_in,
    statements,
    synthesise,
    templates,
)
from umbel_core.catalogue import read_ops
from umbel_core.executions import (
    EXECUTIONS,
    EXECUTIONS_LIMIT,
    FAILED_SWEEPS,
    NAMESPACE,
    TASK_DURATION,
    TASK_EXECUTIONS,
    TASKS_COMPLETED,
    TASKS_FAILED,
)
from umbel_core.ids import INPUTS_PREFIX, JOBS_PREFIX, UPLOADS_PREFIX
from umbel_core.lane_settings import MAX_RECEIVES, MAX_RECEIVES_THROTTLED, VISIBILITY_PER_TIMEOUT
from umbel_core.lanes import BULK_SUFFIX, FIFO_SUFFIX
from umbel_core.settings import Limits

Template = dict[str, Any]
ENGINE_TYPES = set(Path(__file__).with_name("engine_types.txt").read_text().splitlines()[1:])
RESOURCELESS = {
    "dynamodb:ListStreams",
    "lambda:ListEventSourceMappings",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""AWS knows no resource for these."""
OUTPUTS = {
    *("ApiId", "ApiStage", "ApiUrl", "SocketApiId", "SocketStage", "SocketUrl", "WebUrl", "WebBucket"),
    *("UploadsBucket", "ResultsBucket", "LedgerTable", "TokensTable", "SocketsTable"),
}
"""As umbel/stack.py reads them."""


def queues(template: Template) -> Template:
    return of_type(template, "AWS::SQS::Queue")


def functions(template: Template) -> Template:
    """Ours; the CDK brings one of its own, for the bucket's notifications."""
    return {
        name: function
        for name, function in of_type(template, "AWS::Lambda::Function").items()
        if "FunctionName" in function
    }


def mappings(template: Template, kind: str) -> Template:
    return {
        name: mapping
        for name, mapping in of_type(template, "AWS::Lambda::EventSourceMapping").items()
        if template["Resources"][named(mapping["EventSourceArn"])]["Type"] == kind
    }


def is_dead(queue: dict[str, Any]) -> bool:
    """True for a dead-letter queue, by its name."""
    return bool(queue["QueueName"].removesuffix(FIFO_SUFFIX).endswith(DEAD_SUFFIX))


def is_lane(queue: dict[str, Any]) -> bool:
    """True for a queue of a lane, by its name."""
    return "-op-" in queue["QueueName"]


def test_every_queue_has_a_dead_letter_queue(template: Template) -> None:
    for name, queue in queues(template).items():
        if not is_dead(queue):
            dead = queues(template)[named(queue["RedrivePolicy"]["deadLetterTargetArn"])]
            own, fifo, _ = queue["QueueName"].partition(FIFO_SUFFIX)
            assert dead["QueueName"] == own.removesuffix(BULK_SUFFIX) + DEAD_SUFFIX + fifo, name
            assert dead.get("FifoQueue") == queue.get("FifoQueue"), name
            assert queue["RedrivePolicy"]["maxReceiveCount"] >= MAX_RECEIVES == 5, name
            assert dead["MessageRetentionPeriod"] == 14 * 86_400, name


def test_every_dead_letter_queue_raises_an_alarm_that_somebody_may_hear(template: Template) -> None:
    alarms = of_type(template, "AWS::CloudWatch::Alarm").values()
    read = {named(mapping["EventSourceArn"]) for mapping in mappings(template, "AWS::SQS::Queue").values()}
    alarmed = _alarmed_queues(template)
    for name in (name for name, queue in queues(template).items() if is_dead(queue)):
        # What a function reads is gone within seconds; SQS counts a message that it moves by itself as received only.
        seen = "NumberOfMessagesReceived" if name in read else "ApproximateNumberOfMessagesVisible"
        assert (name, seen) in alarmed
    topics = {named(action) for alarm in alarms for action in alarm["AlarmActions"]}
    let_in = {
        named(topic)
        for policy in of_type(template, "AWS::SNS::TopicPolicy").values()
        for topic in policy["Topics"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    }
    assert topics <= let_in, "a topic with a policy of its own is closed to CloudWatch unless the policy says otherwise"


def _alarmed_queues(template: Template) -> set[tuple[str, str]]:
    """Each queue and metric with an alarm."""
    return {
        (named(alarm["Dimensions"][0]["Value"]), alarm["MetricName"])
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == "AWS/SQS" and alarm["AlarmActions"]
    }


def test_every_mapping_raises_an_alarm_when_its_messages_wait_for_too_long(template: Template) -> None:
    """Dead letters wait for nobody's picture, and what reads them has alarms when it fails or is throttled."""
    aged = {queue for queue, metric in _alarmed_queues(template) if metric == "ApproximateAgeOfOldestMessage"}
    read = {
        named(mapping["EventSourceArn"])
        for mapping in mappings(template, "AWS::SQS::Queue").values()
        if functions(template)[named(mapping["FunctionName"])]["Handler"] != "dead_letters.handler.handle"
    }
    assert aged == read >= {name for name, queue in queues(template).items() if not is_dead(queue)}
    (stream,) = mappings(template, "AWS::DynamoDB::Table").values()
    watched = {
        named(alarm["Dimensions"][0]["Value"])
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == "IteratorAge"
    }
    assert watched == {named(stream["FunctionName"])}


def test_every_function_but_the_lanes_raises_an_alarm_when_it_fails_or_is_throttled(template: Template) -> None:
    """A lane's failures are dead letters, and its throttled runs are messages that wait: both have alarms."""
    own = [name for name, one in functions(template).items() if "-op-" not in one["FunctionName"]]
    watched = [
        (alarm["MetricName"], named(alarm["Dimensions"][0]["Value"]))
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == "AWS/Lambda"
    ]
    assert {name for metric, name in watched if metric == "Errors"} == set(own)
    assert {name for metric, name in watched if metric == "Throttles"} == set(own)
    assert len(watched) == 2 * len(own) + 2, "and the stream's age, and the invocations of the clock"


def test_what_falls_behind_or_falls_silent_raises_an_alarm(template: Template) -> None:
    """The stream, the clock that sweeps, and the API."""
    by_metric = {alarm["MetricName"]: alarm for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()}
    assert {"IteratorAge", "Invocations", "5XXError"} <= by_metric.keys()
    assert by_metric["Invocations"]["TreatMissingData"] == "breaching"


def test_the_dashboard_has_a_graph_of_each_stage_and_names_no_op(template: Template) -> None:
    (board,) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    body = json.dumps(board["DashboardBody"])
    assert all(metric in body for metric in ("IteratorAge", "ApproximateAgeOfOldestMessage", "5XXError", EXECUTIONS))
    assert not re.search(r"op-[a-z]", body)


def test_the_metrics_of_the_ops_can_be_left_out() -> None:
    with TemporaryDirectory() as out:
        app, _ = stack_in(out, "aws", OPS, op_metrics=False)
        app.synth()
        lanes = [json.loads(file.read_text()) for file in Path(out).glob("umbelLane*.template.json")]
    workers = [one for lane in lanes for one in of_type(lane, "AWS::Lambda::Function").values()]
    assert {one["Environment"]["Variables"].get("POWERTOOLS_METRICS_DISABLED") for one in workers} == {"true"}


def test_alarms_go_by_the_metrics_that_the_ticker_writes(template: Template) -> None:
    alarm, failed = (
        next(one for one in of_type(template, "AWS::CloudWatch::Alarm").values() if one["MetricName"] == name)
        for name in (EXECUTIONS, FAILED_SWEEPS)
    )
    (ticker,) = (
        function
        for function in of_type(template, "AWS::Lambda::Function").values()
        if function.get("Handler") == "ticker.handler.handle"
    )
    deployment = ticker["Environment"]["Variables"]["DEPLOYMENT"]
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == (EXECUTIONS, "Maximum", EXECUTIONS_LIMIT)
    assert (failed["Namespace"], failed["Statistic"], failed["Threshold"]) == (NAMESPACE, "Sum", 0)
    for one in (alarm, failed):
        assert one["Namespace"] == NAMESPACE
        assert one["Dimensions"] == [{"Name": "service", "Value": deployment}]
        assert one["AlarmActions"]


def test_every_op_writes_its_metrics_and_the_dashboard_finds_them_by_the_deployment(template: Template) -> None:
    workers = [one for one in functions(template).values() if "-op-" in one["FunctionName"]]
    assert {one["Handler"] for one in workers} == {"worker.handler.handle"}
    variables = [one["Environment"]["Variables"] for one in workers]
    assert {each["OP"] for each in variables} == {one["FunctionName"].partition("-op-")[2] for one in workers}
    assert {each["DEPLOYMENT"] for each in variables} == {"umbel"}
    (board,) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    body = json.dumps(board["DashboardBody"])
    for metric in (TASKS_COMPLETED, TASKS_FAILED, TASK_DURATION, TASK_EXECUTIONS):
        found = re.search(rf"\{{{NAMESPACE},op,service\}} MetricName=\W+{metric}\W+service=\W+umbel\W", body)
        assert found, metric


def test_a_message_stays_hidden_for_six_time_outs(template: Template) -> None:
    for mapping in mappings(template, "AWS::SQS::Queue").values():
        queue = queues(template)[named(mapping["EventSourceArn"])]
        function = of_type(template, "AWS::Lambda::Function")[named(mapping["FunctionName"])]
        assert queue["VisibilityTimeout"] >= VISIBILITY_PER_TIMEOUT * function["Timeout"], queue["QueueName"]
    assert VISIBILITY_PER_TIMEOUT == 6


def test_the_coordinator_has_time_for_a_job_of_the_most_tasks(template: Template) -> None:
    """A partition takes 1,000 writes a second; a transaction needs two a kB; a FIFO call has ten tasks and 40 ms."""
    most = Limits().max_tasks
    seconds = most * 2 * 2 / 1000 + most / 10 * 0.04
    (coordinator,) = (one for one in functions(template).values() if one["FunctionName"] == "umbel-coordinator")
    assert seconds <= NEEDED_MS / 1000 < coordinator["Timeout"]


def test_every_queue_is_read(template: Template) -> None:
    read = {named(mapping["EventSourceArn"]) for mapping in mappings(template, "AWS::SQS::Queue").values()}
    unread = {queue["QueueName"] for name, queue in queues(template).items() if name not in read}
    missed = {"umbel-relay-dead", "umbel-fanout-dead"}
    assert unread == missed, "what the relay and the fan-out gave up on is for people to look at"


def test_every_mapping_reports_partial_failures(template: Template) -> None:
    for name, mapping in of_type(template, "AWS::Lambda::EventSourceMapping").items():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name


def test_as_many_coordinators_plan_as_the_setting_says() -> None:
    template = synthesise("aws", coordinators="7")
    functions = of_type(template, "AWS::Lambda::Function")
    (cap,) = [
        mapping["ScalingConfig"]["MaximumConcurrency"]
        for mapping in mappings(template, "AWS::SQS::Queue").values()
        if functions[named(mapping["FunctionName"])]["Handler"] == "coordinator.handler.handle"
    ]
    assert cap == 7


def test_no_mapping_takes_more_than_may_run_and_where_two_do_together_there_are_receives_for_it(
    template: Template,
) -> None:
    all_caps: dict[str, int] = defaultdict(int)
    for mapping in mappings(template, "AWS::SQS::Queue").values():
        all_caps[named(mapping["FunctionName"])] += mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0)
    for name, mapping in mappings(template, "AWS::SQS::Queue").items():
        queue = queues(template)[named(mapping["EventSourceArn"])]
        if "RedrivePolicy" not in queue:
            # Lambda polls an idle queue with two pollers instead of five only where no maximum is set.
            assert "ScalingConfig" not in mapping, f"{name}: a dead-letter queue, which is nearly always empty"
            continue
        function, cap = named(mapping["FunctionName"]), mapping["ScalingConfig"]["MaximumConcurrency"]
        assert cap >= 2, name
        reserved = of_type(template, "AWS::Lambda::Function")[function].get("ReservedConcurrentExecutions")
        if reserved is not None and all_caps[function] > reserved:
            receives = queue["RedrivePolicy"]["maxReceiveCount"]
            assert cap <= reserved or (cap, reserved) == (2, 1), name
            assert receives >= MAX_RECEIVES_THROTTLED >= 50, name


def test_the_stream_is_retried_to_an_end_and_what_fails_is_kept(template: Template) -> None:
    (mapping,) = mappings(template, "AWS::DynamoDB::Table").values()
    assert 0 < mapping["MaximumRetryAttempts"] < 100
    assert 0 < mapping["MaximumRecordAgeInSeconds"] <= 3600
    assert mapping["BisectBatchOnFunctionError"]
    assert named(mapping["DestinationConfig"]["OnFailure"]["Destination"]) in queues(template)


def test_no_policy_allows_every_action(template: Template) -> None:
    for name, statement in statements(template):
        for action in as_list(statement["Action"]):
            assert action != "*", name
            assert not action.endswith(":*"), f"{name}: {action}"


def test_a_policy_names_its_resources_wherever_aws_knows_any(template: Template) -> None:
    for name, statement in statements(template):
        if "*" in as_list(statement["Resource"]):
            assert set(as_list(statement["Action"])) <= RESOURCELESS, name


def test_every_function_has_a_role_of_its_own(template: Template) -> None:
    roles = [named(function["Role"]) for function in of_type(template, "AWS::Lambda::Function").values()]
    assert len(roles) == len(set(roles))
    for role in of_type(template, "AWS::IAM::Role").values():
        for policy in role.get("ManagedPolicyArns", []):
            assert "AWSLambdaBasicExecutionRole" in json.dumps(policy)
    for policy in of_type(template, "AWS::IAM::Policy").values():
        assert len(policy["Roles"]) == 1


def test_no_bucket_is_public(template: Template) -> None:
    for name, bucket in of_type(template, "AWS::S3::Bucket").items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4, name
    for policy in of_type(template, "AWS::S3::BucketPolicy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            anybody = statement["Principal"] in ("*", {"AWS": "*"})
            assert statement["Effect"] == "Deny" or not anybody


def test_every_bucket_queue_and_topic_insists_on_tls(template: Template) -> None:
    guarded = set()
    for kind, what in (("S3::Bucket", "Bucket"), ("SQS::Queue", "Queues"), ("SNS::Topic", "Topics")):
        for policy in of_type(template, f"AWS::{kind}Policy").values():
            denials = [
                statement
                for statement in policy["PolicyDocument"]["Statement"]
                if statement["Effect"] == "Deny"
                and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            ]
            guarded |= {named(reference) for reference in as_list(policy[what]) if denials}
    assert guarded == set(of_type(template, "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic"))


def test_a_result_can_never_start_a_job(template: Template) -> None:
    (notifying,) = of_type(template, "Custom::S3BucketNotifications").values()
    outputs = {name: output["Value"] for name, output in template["Outputs"].items()}
    assert notifying["BucketName"] == outputs["UploadsBucket"] != outputs["ResultsBucket"]
    (configurations,) = notifying["NotificationConfiguration"].values()
    prefixes = [rule["Value"] for one in configurations for rule in one["Filter"]["Key"]["FilterRules"]]
    assert sorted(prefixes) == sorted([UPLOADS_PREFIX, JOBS_PREFIX])
    assert not [prefix for prefix in prefixes if INPUTS_PREFIX.startswith(prefix) or prefix.startswith(INPUTS_PREFIX)]


def test_no_function_but_the_front_door_writes_where_jobs_start(template: Template) -> None:
    uploads = named(template["Outputs"]["UploadsBucket"]["Value"])
    for policy, statement in statements(template):
        if "s3:PutObject" in as_list(statement["Action"]):
            for resource in as_list(statement["Resource"]):
                text = json.dumps(resource)
                if uploads in text and INPUTS_PREFIX not in text:
                    assert policy.startswith(("ApiFunction", "RelaySockets")), policy


def test_functions_run_on_the_targets_interpreter(template: Template) -> None:
    for name, function in functions(template).items():
        assert re.fullmatch(r"python3\.\d+", function["Runtime"]), name
        layers = [of_type(template, "AWS::Lambda::LayerVersion")[named(layer)] for layer in function["Layers"]]
        for layer in layers:
            assert layer["CompatibleRuntimes"] == [function["Runtime"]], name
            assert layer["CompatibleArchitectures"] == function["Architectures"], name


def test_on_aws_functions_run_python_3_13_on_arm() -> None:
    for function in functions(synthesise("aws")).values():
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])


def test_every_function_logs_json_into_a_group_that_forgets(template: Template) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    for name, function in functions(template).items():
        assert function["LoggingConfig"]["LogFormat"] == "JSON", name
        group = groups[named(function["LoggingConfig"]["LogGroup"])]
        assert group["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"
        assert 0 < group["RetentionInDays"] <= 90, name
        assert function["TracingConfig"] == {"Mode": "Active"}


def test_every_log_group_has_a_retention_and_every_function_a_group(template: Template) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert all(0 < group["RetentionInDays"] <= 90 for group in groups.values())
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        assert named(function["LoggingConfig"]["LogGroup"]) in groups, name


def test_no_function_creates_a_log_group(template: Template) -> None:
    denied = {
        named(role)
        for policy in of_type(template, "AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Action"] == "logs:CreateLogGroup"
        for role in policy["Roles"]
    }
    assert denied == {named(function["Role"]) for function in of_type(template, "AWS::Lambda::Function").values()}


def test_every_stage_has_throttles_and_open_routes_have_lower_ones(template: Template) -> None:
    (rest,) = of_type(template, "AWS::ApiGateway::Stage").values()
    limits = {(one["ResourcePath"], one["HttpMethod"]): one for one in rest["MethodSettings"]}
    whole = limits.pop(("/*", "*"))
    open_routes = [route for route in routes.all if route.is_open]
    assert set(limits) == {(f"/{route.path.replace('/', '~1')}", route.method) for route in open_routes}
    assert all(one["ThrottlingRateLimit"] <= whole["ThrottlingRateLimit"] / 10 for one in limits.values())
    (socket,) = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    assert 0 < socket["DefaultRouteSettings"]["ThrottlingRateLimit"] <= 500
    assert 0 < socket["DefaultRouteSettings"]["ThrottlingBurstLimit"] <= 1000


def test_cloudfront_sends_the_policy_that_each_page_has(template: Template) -> None:
    policies = of_type(template, "AWS::CloudFront::ResponseHeadersPolicy")
    sent = {
        name: policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]["ContentSecurityPolicy"]
        for name, policy in policies.items()
    }
    (distribution,) = of_type(template, "AWS::CloudFront::Distribution").values()
    config = distribution["DistributionConfig"]
    for behavior in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        policy = sent[named(behavior["ResponseHeadersPolicyId"])]
        assert policy["Override"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy["ContentSecurityPolicy"].split(";"))
        assert (rules["default-src"], rules["script-src"]) == ("'none'", "'self'")
        assert rules["frame-ancestors"] == "'none'"
        is_page = behavior is config["DefaultCacheBehavior"]
        assert ("unsafe-inline" in rules["style-src"]) is not is_page


def test_the_image_libraries_are_only_in_lanes(template: Template) -> None:
    for function in functions(template).values():
        layers = [named(layer) for layer in function["Layers"]]
        assert layers[0].startswith("CoreLayer")
        if any(layer.startswith("ImagingLayer") for layer in layers):
            assert function["FunctionName"].startswith("umbel-op-")


OPEN = [route.path for route in routes.all if route.is_open]


def test_every_call_but_the_open_ones_asks_for_a_token(template: Template) -> None:
    methods = of_type(template, "AWS::ApiGateway::Method").values()
    called = [method for method in methods if method["HttpMethod"] != "OPTIONS"]
    assert len([method for method in called if method["AuthorizationType"] == "NONE"]) == len(OPEN)
    assert {method["AuthorizationType"] for method in called} == {"NONE", "CUSTOM"}
    routes = {route["RouteKey"]: route for route in of_type(template, "AWS::ApiGatewayV2::Route").values()}
    assert routes["$connect"]["AuthorizationType"] == "CUSTOM"


def test_the_uploads_bucket_keeps_every_upload_and_deletes_the_replaced_ones_too(template: Template) -> None:
    (bucket,) = (
        bucket for bucket in of_type(template, "AWS::S3::Bucket").values() if "VersioningConfiguration" in bucket
    )
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] in (Limits().retention_days, 3650)
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 14}


def test_origins_are_exact(template: Template) -> None:
    buckets = of_type(template, "AWS::S3::Bucket").values()
    rules = [rule for bucket in buckets for rule in bucket.get("CorsConfiguration", {}).get("CorsRules", [])]
    origins = [json.dumps(origin) for rule in rules for origin in rule["AllowedOrigins"]]
    assert origins
    assert not [origin for origin in origins if "*" in origin]
    gateway = of_type(template, "AWS::ApiGateway::Method", "AWS::ApiGateway::GatewayResponse")
    allowed = re.findall(r'Allow-Origin": ("[^"]*"|\{.*?\})', json.dumps(gateway))
    assert allowed
    assert not [origin for origin in allowed if "*" in origin]


def test_the_template_holds_no_secret(template: Template) -> None:
    text = json.dumps(template)
    assert not re.search(r"umb_[\w-]{20,}|AKIA[A-Z0-9]{16}|-----BEGIN", text)
    for name, function in functions(template).items():
        variables = function.get("Environment", {}).get("Variables", {})
        assert not [variable for variable in variables if re.search("SECRET|PASSWORD|TOKEN$|KEY$", variable)], name


def test_the_engine_knows_every_resource_type(template: Template) -> None:
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    custom = {kind for kind in kinds if kind.startswith("Custom::")}
    assert kinds - custom <= ENGINE_TYPES


def test_the_outputs_are_those_that_the_command_line_reads(template: Template) -> None:
    assert set(template["Outputs"]) >= OUTPUTS
    source = Path("umbel/stack.py").read_text()
    assert set(re.findall(r'found\["(\w+)"\]', source)) <= OUTPUTS


def test_both_targets_have_the_same_resources() -> None:
    def kinds(target: str) -> dict[str, str]:
        resources = synthesise(target)["Resources"]
        # A deployment's id is a digest of what it deploys.
        return {name: one["Type"] for name, one in resources.items() if one["Type"] != "AWS::ApiGateway::Deployment"}

    assert kinds("aws") == kinds("local")


def test_what_a_topic_cannot_deliver_to_a_lane_is_kept_with_an_alarm_and_read(template: Template) -> None:
    """SNS drops a task that it cannot deliver, unless its subscription has a dead-letter queue of the topic's kind."""
    lanes = [each for each in of_type(template, "AWS::SNS::Subscription").values() if each["Protocol"] == "sqs"]
    assert len(lanes) == len([each for each in queues(template).values() if is_lane(each) and not is_dead(each)])
    read = {named(mapping["EventSourceArn"]) for mapping in mappings(template, "AWS::SQS::Queue").values()}
    for lane in lanes:
        name = named(lane["RedrivePolicy"]["deadLetterTargetArn"])
        queue, lane_queue = queues(template)[name], queues(template)[named(lane["Endpoint"])]
        assert is_dead(queue), "so it has an alarm, by the law above"
        assert queue.get("FifoQueue") == lane_queue.get("FifoQueue"), lane_queue["QueueName"]
        assert name in read


def test_a_queue_keeps_messages_for_as_long_as_sqs_allows(template: Template) -> None:
    """The sweeper publishes a waiting task again after 13 days, so a lane may be paused for any time.

    An old push is of no use to anybody.
    """
    for queue in queues(template).values():
        seconds = 600 if queue["QueueName"] == "umbel-fanout" else 14 * 86_400
        assert queue["MessageRetentionPeriod"] == seconds, queue["QueueName"]


def test_each_template_has_room_below_the_limit_of_cloudformation() -> None:
    """A stack may have 500 resources, and 200 parameters. An op is one resource of the stack: its nested stack."""
    for name, template in templates("aws").items():
        assert len(template["Resources"]) < 450, name
        assert len(template.get("Parameters", {})) < 180, name


def test_a_deployment_may_have_sixty_ops(tmp_path: Path) -> None:
    ops = tmp_path / "functions" / "ops"
    shutil.copytree(OPS, ops, ignore=shutil.ignore_patterns("__pycache__"))
    for number in range(60 - len(read_ops(OPS))):
        (ops / f"more{number}.py").write_text((OPS / "upper.py").read_text().replace("def upper", f"def more{number}"))
    stack, *lanes = templates("local", ops).values()
    assert len(lanes) == 60
    assert len(stack["Resources"]) < 450
    policies = (each["PolicyDocument"] for each in of_type(stack, "AWS::IAM::Policy").values())
    assert all(len(json.dumps(policy)) < 10_240 for policy in policies), "more than IAM takes"
