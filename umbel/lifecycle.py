"""`up` and `down`: from nothing to a running Umbel, and back to nothing."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Mapping

from umbel import deploy, engine, hosts, stack, steps, toolchain
from umbel.aws import Cloud
from umbel.faults import Fault

DRAIN_SECONDS = 30.0
_PAUSE = 0.5
_MESSAGES = "ApproximateNumberOfMessages"
_COUNTS = (_MESSAGES, f"{_MESSAGES}NotVisible", f"{_MESSAGES}Delayed")


def up(port: int | None, *, persist: bool, settings: Mapping[str, str], reached_as: str | None = None) -> stack.Site:
    """Bring everything up. What is running already is kept; what this call started, it stops when it fails.

    `settings` go over those of cdk.json; `reached_as` are the names under which browsers on other machines reach it.
    """
    running = engine.running()
    with _interruptible():
        try:
            toolchain.setup()
            names = hosts.read(reached_as or os.environ.get("UMBEL_HOST") or "")
            return deploy.local(_endpoint(port, running, persist=persist, names=names), **settings)
        except BaseException:
            if running is None:
                with _undisturbed():
                    engine.stop()
            raise


def down(*, now: bool) -> str:
    """Stop our engine and leave nothing behind; says what there was to do. First lets what is in flight end."""
    ours = engine.running()
    if ours is None:
        engine.sweep()
        return "Umbel is not running here"
    if not now:
        _drain(Cloud(ours.endpoint))
    with _undisturbed(), steps.step("stopping the local engine"):
        engine.stop()
    return "Umbel has stopped; its data is kept for the next up" if ours.persist else "Umbel has stopped"


def _endpoint(port: int | None, ours: engine.Engine | None, *, persist: bool, names: tuple[str, ...]) -> Cloud:
    """The endpoint to deploy to: the one that the environment names, the engine that runs, or a new one."""
    wanted = port or int(os.environ.get("UMBEL_PORT") or 0) or (ours.port if ours else engine.PORT)
    named = engine.named_endpoint()
    if named and not (ours and engine.is_ours(named, ours.port)):
        if engine.healthy(named):
            return Cloud(named)
        if not engine.is_ours(named, wanted):
            raise Fault(
                f"AWS_ENDPOINT_URL or LOCALSTACK_HOST names {named}, where nothing answers: start it or unset it"
            )
    if ours is None:
        with steps.step(f"local engine on port {wanted}"):
            return Cloud(engine.start(wanted, persist=persist, hosts=names).endpoint)
    if wanted != ours.port:
        raise Fault(f"Umbel already runs on port {ours.port}: make down first")
    if names and names != ours.hosts:
        raise Fault(f"Umbel already runs, reached as {', '.join(ours.hosts) or engine.HOST}: make down first")
    if persist and not ours.persist:
        raise Fault("Umbel already runs, without --persist: make down first")
    if not engine.healthy(ours.endpoint, patience=10):
        raise Fault(f"the local engine hangs (process {ours.pid}): make down ARGS=--now; its log is {engine.LOG}")
    return Cloud(ours.endpoint)


def _drain(cloud: Cloud) -> None:
    """Wait until the lanes are empty. Dead letters stay where they are: nothing works on those."""
    deadline = time.monotonic() + DRAIN_SECONDS
    with steps.step("letting what is in flight end") as here:
        while (left := _in_flight(cloud)) and time.monotonic() < deadline:
            here.note(f"{left} messages to go")
            time.sleep(_PAUSE)


def _in_flight(cloud: Cloud) -> int:
    """Messages that wait or are worked on in the stack's queues, those that only collect dead letters apart."""
    if not engine.healthy(cloud.endpoint or "") or stack.outputs(cloud) is None:
        return 0
    sqs = cloud.client("sqs")
    queues = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for url in cloud.resources(stack.STACK, "AWS::SQS::Queue")
    ]
    return sum(int(queue.get(count, 0)) for queue in queues if "RedrivePolicy" in queue for count in _COUNTS)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """A closed terminal or a polite kill stops `up` as Ctrl-C does, cleaning up."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not leave half of us behind."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
