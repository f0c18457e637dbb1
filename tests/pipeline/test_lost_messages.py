"""A message that is lost does not hang its job, on the engine."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import Deployed
from tests.pipeline.lanes import intake_paused, paused, receive_all, wait_until_empty, waiting
from tests.pipeline.waiting import wait_for
from umbel.stack import STACK

pytestmark = pytest.mark.engine

Done = Callable[..., dict[str, Any]]


def lose(deployed: Deployed, queue: str, count: int) -> None:
    """Delete the messages of a paused lane."""
    wait_for(lambda: waiting(deployed, queue) == (count, 0), f"{count} messages in {queue}")
    deployed.sqs.purge_queue(QueueUrl=deployed.queue(queue))
    wait_until_empty(deployed, queue)


def sweep(deployed: Deployed) -> None:
    """Sweep as the clock does each minute, but with no patience; a lane is seen to be empty at the second sweep."""
    event = b'{"sweep": true, "silent_seconds": 0}'
    deployed.client("lambda").invoke(FunctionName=f"{STACK}-ticker", Payload=event)


@pytest.mark.parametrize(("op", "queue"), [("reverse", "op-reverse"), ("inorder", "op-inorder.fifo")])
def test_a_job_whose_messages_were_deleted_ends_by_itself(
    api: ApiClient, deployed: Deployed, done: Done, op: str, queue: str
) -> None:
    with paused(api, op, 2):
        job = api.run(*({"op": op, "input": str(number), "group": "g"} for number in range(3)))
        lose(deployed, queue, 3)

    def swept() -> bool:
        sweep(deployed)
        return bool(api.get(f"/jobs/{job}").body["status"] == "completed")

    wait_for(swept, "the job to end")
    assert done(job)["counts"]["completed"] == 3
    assert {task["attempts"] for task in api.tasks(job)} == {1}


def test_a_retry_sends_the_messages_of_a_silent_job_at_once(api: ApiClient, deployed: Deployed, done: Done) -> None:
    with paused(api, "reverse", 2):
        job = api.run({"op": "reverse", "input": "abc"})
        lose(deployed, "op-reverse", 1)
        assert api.post(f"/jobs/{job}/retry").status == 202
        wait_for(lambda: waiting(deployed, "op-reverse") == (1, 0), "the message to be there again")
        assert api.post(f"/jobs/{job}/retry").status == 409, "it waits in its queue now"
    assert done(job)["status"] == "completed"


def test_a_job_whose_event_was_lost_is_planned_by_itself(api: ApiClient, deployed: Deployed, done: Done) -> None:
    with intake_paused(deployed):
        job = api.run({"op": "upper", "input": "abc"})
        receive_all(deployed, "intake", 1)

    def planned() -> bool:
        sweep(deployed)
        return bool(api.get(f"/jobs/{job}").body["status"] == "completed")

    wait_for(planned, "the job to be planned and to end")
    assert done(job)["counts"]["completed"] == 1
