"""The API's dependencies, each built at its first use."""

from functools import cache
from pathlib import Path

import msgspec

from api.environment import ApiEnvironment
from umbel_core.aws import clients
from umbel_core.aws.circuit_breaker import DynamoCircuitBreaker
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.intake import SqsIntake
from umbel_core.aws.lanes import Lanes
from umbel_core.aws.ledger import DynamoLedger
from umbel_core.aws.pictures import S3Results
from umbel_core.aws.uploads import S3Uploads
from umbel_core.catalogue import Catalogue
from umbel_core.environment import parse
from umbel_core.recipes import Recipes
from umbel_core.settings import Limits
from umbel_core.stats_collector import StatsCollector
from umbel_core.submit import Submitter

PACKAGED_DATA = Path(__file__).parent.parent


@cache
def environment() -> ApiEnvironment:
    """The function's environment."""
    return parse(ApiEnvironment)


@cache
def limits() -> Limits:
    """The deployment's limits."""
    return msgspec.json.decode(environment().limits, type=Limits)


@cache
def catalogue() -> Catalogue:
    """The deployed ops."""
    return Catalogue.load(PACKAGED_DATA / "catalogue.json")


@cache
def recipes() -> Recipes:
    """The deployed recipes."""
    return msgspec.json.decode((PACKAGED_DATA / "recipes.json").read_bytes(), type=Recipes)


@cache
def ledger() -> DynamoLedger:
    """The ledger."""
    return DynamoLedger(clients.dynamodb(), environment().ledger_table, limits().retention_days)


@cache
def uploads() -> S3Uploads:
    """The uploads bucket."""
    return S3Uploads(clients.s3(), environment().uploads_bucket, clients.signer(environment().links_endpoint))


@cache
def submitter() -> Submitter:
    """Where requests come in."""
    return Submitter(ledger(), uploads(), catalogue(), limits())


@cache
def circuits() -> DynamoCircuitBreaker:
    """Hosts that are left alone."""
    return DynamoCircuitBreaker(clients.dynamodb(), environment().ledger_table)


@cache
def results() -> S3Results:
    """The results bucket, for links."""
    return S3Results(clients.signer(environment().links_endpoint), environment().results_bucket)


@cache
def intake() -> SqsIntake:
    """The coordinator's queue, for commands on jobs that are there already."""
    return SqsIntake(clients.sqs(), environment().intake_queue_url)


@cache
def lanes() -> Lanes:
    """The ops' lanes as they are now."""
    return Lanes(clients.lambdas(), clients.sqs(), environment().lane_prefix, environment().reserve)


@cache
def counters() -> DynamoCounters:
    """What is counted of all jobs."""
    return DynamoCounters(clients.dynamodb(), environment().ledger_table)


@cache
def stats_collector() -> StatsCollector:
    """Where the numbers come from."""
    return StatsCollector(counters(), lanes(), ledger(), circuits(), catalogue())
