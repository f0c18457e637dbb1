"""A short campaign against the engine, as `make trust` runs it for longer: injected errors of each kind, and kills."""

import pytest

from tests.fetching.server import Site
from tests.pipeline.deployment import Deployed
from tests.trust.campaign import Campaign
from tests.trust.outcome import SHOWN, Settings
from umbel.fault_proxy import Rates

pytestmark = pytest.mark.engine

SHORT = Settings(
    tasks=80,
    values=20,
    kills=2,
    # Their timeout is ten seconds, after which the messages of a killed worker come again.
    killed=("op-hash", "op-reverse", "op-sum", "op-upper"),
    in_flight=40,
    rates=Rates(
        throttled=0.06, slow_down=0.06, reset=0.04, reply_lost=0.04, cut=0.04, copied=0.15, shuffled=0.5, dropped=0.04
    ),
    copies_every=1,
    sweep_every=3,
    silent_seconds=5,
    longest=120,
)


def test_every_task_ends_once_while_calls_fail_messages_are_lost_and_workers_die(deployed: Deployed, web: Site) -> None:
    outcome = Campaign(deployed, web, SHORT).run()
    assert outcome.violations == []
    assert (outcome.faults.keys() >= set(SHOWN.values()), outcome.tasks >= 80) == (True, True)
    assert sum(outcome.kills.values()) >= 2
