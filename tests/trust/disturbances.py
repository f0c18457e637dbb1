"""What happens to a deployment during a campaign, besides the injected errors: kills, copies of messages, sweeps."""

import contextlib
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tests.pipeline.deployment import Deployed
from tests.pipeline.processes import by_function
from tests.trust.outcome import Settings
from umbel import stack
from umbel.fault_proxy import FaultProxy

_QUEUES_COPIED = 4
"""Queues of which messages are copied at a time. Most queues are empty at most moments."""


@contextlib.contextmanager
def through_proxy(deployed: Deployed, proxy: FaultProxy) -> Iterator[None]:
    """Send the AWS calls of every function through the proxy during the block."""
    lambdas = deployed.client("lambda")
    before = {
        name: lambdas.get_function_configuration(FunctionName=name).get("Environment", {}).get("Variables", {})
        for name in deployed.functions()
    }
    for name, variables in before.items():
        changed = {**variables, "AWS_ENDPOINT_URL": proxy.url}
        lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
    threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield
    finally:
        for name, variables in before.items():
            lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        proxy.shutdown()


class Disturbances:
    """Kills processes of functions, sends messages again, and has the sweeper look for lost ones."""

    def __init__(self, deployed: Deployed, settings: Settings) -> None:
        self._deployed = deployed
        self._settings = settings
        self._stopping = threading.Event()
        self._random = random.Random(settings.seed)
        self.kills: Counter[str] = Counter()
        self.copies = 0

    @contextlib.contextmanager
    def during(self) -> Iterator[None]:
        """Disturb the deployment during the block."""
        works = {self._kill: "kill_every", self._copy_messages: "copies_every", self._sweep: "sweep_every"}
        threads = [
            threading.Thread(target=self._repeat, args=[work, getattr(self._settings, seconds)], daemon=True)
            for work, seconds in works.items()
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join()

    def _repeat(self, work: Callable[[], None], seconds: float) -> None:
        while not self._stopping.wait(seconds):
            with contextlib.suppress(Exception):  # a queue or process that is gone: the next round finds another
                work()

    def _kill(self) -> None:
        """Kill the processes of one function."""
        if self.kills.total() >= self._settings.kills:
            return
        named = {name: found for name, found in by_function().items() if name.startswith(self._settings.killed)}
        if named:
            name = self._random.choice(sorted(named))
            for process in named[name]:
                process.kill()
                self.kills[name] += 1

    def _copy_messages(self) -> None:
        """Send copies of messages that wait in a queue, in another order."""
        if self.copies >= self._settings.copies:
            return
        sqs = self._deployed.client("sqs")
        queues = [
            url
            for url in sqs.list_queues(QueueNamePrefix=f"{stack.STACK}-").get("QueueUrls", [])
            if "-dead" not in url and ("intake" in url or "-op-" in url)
        ]
        copied = 0
        for queue in self._random.sample(queues, len(queues)):
            if copied == _QUEUES_COPIED:
                break
            messages = sqs.receive_message(
                QueueUrl=queue,
                MaxNumberOfMessages=3,
                VisibilityTimeout=1,
                WaitTimeSeconds=0,  # a queue waits for twenty seconds otherwise
                AttributeNames=["All"],
            ).get("Messages", [])
            copied += bool(messages)
            self._random.shuffle(messages)
            for message in messages:
                order: dict[str, Any] = {}
                if group := message.get("Attributes", {}).get("MessageGroupId"):
                    order = {"MessageGroupId": group, "MessageDeduplicationId": f"copy-{self._random.random()}"}
                sqs.send_message(QueueUrl=queue, MessageBody=message["Body"], **order)
                self.copies += 1

    def _sweep(self) -> None:
        """Start a sweep by hand, as docs/operations.md shows, instead of the run of each minute."""
        event = json.dumps({"sweep": True, "silent_seconds": self._settings.silent_seconds})
        self._deployed.client("lambda").invoke(FunctionName=f"{stack.STACK}-ticker", Payload=event)
