"""The names of the lanes, and policies for all of them: by pattern, so that no policy grows with the ops."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_


def lane_name(prefix: str, op: str) -> str:
    """Return the name of an op's function and queue, by which the API finds the lane."""
    return f"{prefix}-op-{op}"


def grant_read_lanes(function: lambda_.Function, prefix: str) -> None:
    """Allow a function to read the settings of the lanes and the number of messages in their queues."""
    stack = Stack.of(function)
    for statement in (
        iam.PolicyStatement(actions=["lambda:GetFunctionConcurrency"], resources=[lane_functions(stack, prefix)]),
        iam.PolicyStatement(
            actions=["sqs:GetQueueUrl", "sqs:GetQueueAttributes"], resources=[lane_queues(stack, prefix)]
        ),
        # This action does not support resource-level permissions.
        iam.PolicyStatement(actions=["lambda:ListEventSourceMappings"], resources=["*"]),
    ):
        function.add_to_role_policy(statement)


def lane_functions(stack: Stack, prefix: str) -> str:
    """Return the ARN pattern of the functions of all lanes, for policies."""
    return stack.format_arn(
        service="lambda", resource="function", resource_name=f"{prefix}*", arn_format=ArnFormat.COLON_RESOURCE_NAME
    )


def lane_queues(stack: Stack, prefix: str) -> str:
    """Return the ARN pattern of the queues of all lanes, for policies."""
    return stack.format_arn(service="sqs", resource=f"{prefix}*")
