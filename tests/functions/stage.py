"""The logic of all functions, connected by fakes of buckets, queues, topic and table."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote_plus

import msgspec
from aws_lambda_powertools import Logger
from PIL.Image import Image

from coordinator.planner import Planner
from dead_letters.dead_letters import DeadLetters
from relay.changes import read_changes
from relay.relaying import Relay
from relay.remembering import RememberingCounters
from tests.fakes import (
    NO_CRASHES,
    Crashes,
    FakeBucket,
    FakeConnections,
    FakeFanout,
    FakeIntake,
    FakeLanes,
    FakeLedger,
    FakeTasks,
)
from ticker.sweeping import Sweeper
from umbel_core.catalogue import Catalogue
from umbel_core.errors import Rejected, Transient
from umbel_core.messages import RunTask
from umbel_core.op import Bounds, describe, op
from umbel_core.pushing import FANOUT_SECONDS, Pusher
from umbel_core.recipes import RecipeVariant
from umbel_core.settings import Limits
from worker.runner import Runner
from worker.skipping import Skipping

BUCKET = "uploads-bucket"


@op()
def soft(picture: Image, *, radius: Annotated[float, Bounds(ge=0, le=10)] = 1.0) -> Image:
    """Soften."""
    return picture


@op()
def say(text: Annotated[str, Bounds(max_length=20)], *, times: Annotated[int, Bounds(ge=1)] = 1) -> str:
    """Return the text; raise `Rejected`, `Transient` or another error if the text asks for it."""
    if text == "bad":
        raise Rejected("bad", "That is bad.")
    if text == "busy":
        raise Transient("busy", "That cannot be had now.")
    if text == "half":
        raise Transient("busy", "Only half of it can be had now.", result="ha")
    if text == "broken":
        raise RuntimeError("that broke")
    return text * times


@op(ordered=True)
def recite(text: str) -> str:
    """Return the text, in order."""
    return say(text)


CATALOGUE = Catalogue([describe(soft), describe(say), describe(recite)])
RECIPES = {
    "default": {"a": RecipeVariant("soft"), "b": RecipeVariant("soft", {"radius": 2.0})},
    "hero": {"big": RecipeVariant("soft")},
}


@contextmanager
def never_marked(*_: Any) -> Iterator[None]:
    """Stands in for `MarkRunning` where no task takes a second."""
    yield


def sweeper(ledger: FakeLedger, clock: Callable[[], datetime], **parts: Any) -> Sweeper:
    """Return a sweeper that starts a pass at every run, on a ledger and other parts."""
    usual: dict[str, Any] = {
        "lanes": FakeLanes(),
        "uploads": FakeBucket(),
        "intake": FakeIntake(),
        "catalogue": CATALOGUE,
        "silence": timedelta(0),
    }
    return Sweeper(counters=ledger, ledger=ledger, logger=Logger(), clock=clock, **{**usual, **parts})


class Stage:
    """All functions between the uploads bucket and the connections, on fakes."""

    def __init__(self, crashes: Crashes = NO_CRASHES, limits: Limits | None = None) -> None:
        self.ledger = FakeLedger(crashes)
        self.tasks = FakeTasks(crashes)
        self.uploads = FakeBucket(crashes)
        self.results = FakeBucket(crashes)
        self.connections = FakeConnections(self.ledger.cancel, crashes)
        self.planner = Planner(self.ledger, self.uploads, self.tasks, CATALOGUE, RECIPES, limits or Limits())
        self.pusher = Pusher(self.connections, self.results.link)
        self.fanout = FakeFanout(crashes)
        self.intake = FakeIntake(crashes)
        counters = RememberingCounters(self.ledger)
        self.relay = Relay(counters, self.connections, self.pusher, self.fanout, self.intake)
        self.started: list[str] = []
        self.dead_letters = DeadLetters(self.ledger)

    def runner(self) -> Runner:
        """Return a new worker, for any op."""
        return Runner(describe(say), self._work, self.ledger, Skipping(self.ledger), mark_running=never_marked)

    def _work(self, command: RunTask) -> Any:
        if command.op in ("say", "recite"):
            return say(command.input, **command.params)
        key = f"{command.job_id}/{command.variant}.png"
        picture = self.uploads.fetch(command.input, command.etag, command.object_version)
        self.results.put(key, picture, "image/png")
        return {"key": key}

    def drop(self, key: str, data: bytes, sequencer: str = "1") -> str:
        """Put an object; return the event that S3 sends for it."""
        return self.notice(key, sequencer, self.uploads.upload(key, data))

    def notice(self, key: str, sequencer: str = "1", version: str = "") -> str:
        """Return the event that S3 sends for an object."""

        entry = {
            "key": quote_plus(key, safe="/"),
            "size": len(self.uploads.objects[key]),
            "eTag": self.uploads.etag(key),
            "sequencer": sequencer,
            **({"versionId": version} if version else {}),
        }
        record = {"s3": {"bucket": {"name": BUCKET}, "object": entry}}
        return msgspec.json.encode({"Records": [record]}).decode()

    def relay_all(self, start: int = 0) -> int:
        """Relay the stream from a position on, and fan out; return the number of connections that got something."""
        connections = self.relay.relay(read_changes(self.ledger.stream[start:]))
        self.fan_out()
        return connections

    def fan_out(self) -> None:
        """Send what the relay handed over."""
        pushes, self.fanout.pushes = self.fanout.pushes, []
        if pushes:
            self.pusher.push(pushes, FANOUT_SECONDS)
