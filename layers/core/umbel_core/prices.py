"""What AWS charges: one table with a date, for `cost_usd`, docs/costs.md and docs/scaling.md."""

import msgspec

AS_OF = "2026-11-27"
"""The day on which the table was last compared with published copies of AWS's price pages."""
REGION = "us-east-1"


class Price(msgspec.Struct, frozen=True):
    """A price in US dollars for so many units. The free tier is not taken off."""

    service: str
    usd: float
    per: int
    unit: str
    source: str
    """The page of AWS that says so, below https://aws.amazon.com/."""

    @property
    def nano(self) -> float:
        """The price of one unit in nano-dollars."""
        return self.usd / self.per * 1e9


_MILLION = 1_000_000
PRICES = {
    "lambda_request": Price("Lambda", 0.20, _MILLION, "invocation", "lambda/pricing/"),
    "lambda_gb_second": Price("Lambda", 0.0000133334, 1, "GB-second, arm64", "lambda/pricing/"),
    "s3_write": Price("S3", 0.005, 1000, "PUT, COPY, POST or LIST", "s3/pricing/"),
    "s3_read": Price("S3", 0.0004, 1000, "GET", "s3/pricing/"),
    "s3_gb_month": Price("S3", 0.023, 1, "GB stored for a month", "s3/pricing/"),
    "sqs_request": Price("SQS", 0.40, _MILLION, "request, standard queue", "sqs/pricing/"),
    "sqs_fifo_request": Price("SQS", 0.50, _MILLION, "request, FIFO queue", "sqs/pricing/"),
    "sns_publish": Price("SNS", 0.50, _MILLION, "publish call of 64 kB, standard topic", "sns/pricing/"),
    "dynamodb_write": Price("DynamoDB", 0.625, _MILLION, "write of 1 kB", "dynamodb/pricing/on-demand/"),
    "dynamodb_read": Price("DynamoDB", 0.125, _MILLION, "read of 4 kB, consistent", "dynamodb/pricing/on-demand/"),
    "dynamodb_gb_month": Price("DynamoDB", 0.25, 1, "GB stored for a month", "dynamodb/pricing/on-demand/"),
    "dynamodb_backup_gb_month": Price(
        "DynamoDB", 0.20, 1, "GB of point-in-time recovery for a month", "dynamodb/pricing/on-demand/"
    ),
    "api_request": Price("API Gateway", 3.50, _MILLION, "REST request", "api-gateway/pricing/"),
    "socket_message": Price("API Gateway", 1.00, _MILLION, "WebSocket message of 32 kB", "api-gateway/pricing/"),
    "socket_minute": Price("API Gateway", 0.25, _MILLION, "minute of an open WebSocket", "api-gateway/pricing/"),
    "log_gb": Price("CloudWatch", 0.50, 1, "GB of logs", "cloudwatch/pricing/"),
    "alarm_month": Price("CloudWatch", 0.10, 1, "alarm for a month", "cloudwatch/pricing/"),
    "dashboard_month": Price("CloudWatch", 3.00, 1, "dashboard for a month", "cloudwatch/pricing/"),
    "metric_month": Price("CloudWatch", 0.30, 1, "own metric for a month", "cloudwatch/pricing/"),
    "trace": Price("X-Ray", 5.00, _MILLION, "recorded trace", "xray/pricing/"),
    "transfer_gb": Price("Transfer", 0.09, 1, "GB sent to the Internet", "ec2/pricing/on-demand/"),
}
"""Streams that Lambda reads, SNS's deliveries to SQS and EventBridge's schedules cost nothing."""
