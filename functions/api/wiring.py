"""The API's dependencies, each built at its first use."""

from functools import cache
from pathlib import Path

import msgspec

from api.environment import ApiEnvironment
from umbel_core.aws import wiring
from umbel_core.aws.circuit_breaker import DynamoCircuitBreaker
from umbel_core.aws.counters import DynamoCounters
from umbel_core.aws.idempotency import DynamoIdempotencyKeys
from umbel_core.aws.intake import SqsIntake
from umbel_core.aws.kept_lanes import KeptLanes
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
    """Return the function's environment."""
    return parse(ApiEnvironment)


def limits() -> Limits:
    """Return the deployment's limits."""
    return environment().limits


@cache
def catalogue() -> Catalogue:
    """Return the deployed ops."""
    return Catalogue.load(PACKAGED_DATA / "catalogue.json")


@cache
def recipes() -> Recipes:
    """Return the deployed recipes."""
    return msgspec.json.decode((PACKAGED_DATA / "recipes.json").read_bytes(), type=Recipes)


@cache
def ledger() -> DynamoLedger:
    """Return the ledger."""
    return wiring.ledger(environment())


@cache
def uploads() -> S3Uploads:
    """Return the uploads bucket."""
    return wiring.uploads(environment(), environment().links_endpoint)


@cache
def submitter() -> Submitter:
    """Return what starts jobs."""
    return Submitter(ledger(), uploads(), catalogue(), limits())


@cache
def idempotency_keys() -> DynamoIdempotencyKeys:
    """Return the keys of the last requests."""
    return wiring.idempotency_keys(environment())


@cache
def circuits() -> DynamoCircuitBreaker:
    """Return the circuits of hosts on the web."""
    return wiring.circuits(environment())


@cache
def results() -> S3Results:
    """Return the results bucket, for URLs."""
    return wiring.results_for_browsers(environment())


@cache
def intake() -> SqsIntake:
    """Return the coordinator's queue, for commands on existing jobs."""
    return wiring.intake(environment().intake_queue_url)


@cache
def lanes() -> KeptLanes:
    """Return the ops' lanes."""
    return wiring.kept_lanes(environment())


@cache
def counters() -> DynamoCounters:
    """Return the op stats."""
    return wiring.counters(environment())


@cache
def stats_collector() -> StatsCollector:
    """Return the source of the stats."""
    return StatsCollector(counters(), lanes(), ledger(), circuits(), catalogue())
