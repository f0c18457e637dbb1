"""`up` and `down`: from nothing to a running Umbel, and back to nothing."""

import contextlib
import signal
import time
from collections.abc import Iterator, Mapping

from umbel import deploy, engine, hosts, lock, restoring, stack, steps, target, toolchain
from umbel.aws import Cloud
from umbel.errors import UmbelError

DRAIN_SECONDS = 30.0
_SAVES = 120.0
_SAVES_NOW = 20.0
_PAUSE = 0.5
_MESSAGES = "ApproximateNumberOfMessages"
_COUNTS = (_MESSAGES, f"{_MESSAGES}NotVisible", f"{_MESSAGES}Delayed")


def up(
    port: int | None,
    *,
    persist: bool,
    settings: Mapping[str, str],
    reached_as: str | None = None,
    force: bool = False,
) -> stack.Deployment:
    """Bring everything up. What is running already is kept; what this call started, it stops when it fails.

    `settings` go over those of cdk.json; `reached_as` are the names under which browsers on other machines reach it;
    `force` takes over a stack that another checkout deployed.
    """
    with _interruptible(), lock.held("make up"):
        running = _stop_moved(engine.running())
        try:
            toolchain.setup()
            names = hosts.read(reached_as or "")
            cloud = _endpoint(port, running, persist=persist, names=names)
            return deploy.local(cloud, force=force, **settings)
        except BaseException:
            if running is None:
                with _undisturbed():
                    engine.stop()
                if persist and restoring.has_data():
                    steps.say("the kept data is as it was; without PERSIST=1, make up starts without it")
            raise


def down(*, now: bool) -> str:
    """Stop our engine and leave nothing behind; says what there was to do. First lets what is in flight end.

    A persistent engine's state is saved first; when that fails, it goes on running unless it is to stop `now`.
    """
    if target.wanted() == "aws":
        raise UmbelError(
            f"umbel down is for this machine, and {target.VARIABLE} asks for AWS: cdk destroy, or unset it"
        )
    with _interruptible(), lock.held("make down"):
        ours = engine.running()
        if ours is None:
            engine.sweep()
            return "Umbel is not running here"
        if not now and not ours.moved and engine.answers(ours.endpoint):
            _drain(Cloud(ours.endpoint))
        unsaved = _save(ours, now=now) if ours.persist else None
        with _undisturbed(), steps.step("stopping the local engine"):
            engine.stop(saved=ours.persist and unsaved is None)
        if not ours.persist:
            return "Umbel has stopped"
        if unsaved:
            return f"Umbel has stopped without saving its data, {restoring.last_saved()}: {unsaved}"
        return "Umbel has stopped; its data is kept for the next up (PERSIST=1)"


def _save(ours: engine.Engine, *, now: bool) -> str | None:
    """Save before the end; returns why that was not possible."""
    try:
        with _undisturbed(), steps.step("saving its data"):
            engine.save(ours, final=True, patience=_SAVES_NOW if now else _SAVES)
    except engine.Unsaved as reason:
        if now or not restoring.DEPLOYED.exists():
            return str(reason)
        raise UmbelError(
            f"Umbel still runs: its data, {restoring.last_saved()}, could not be saved: {reason}. Remove the cause and "
            "repeat make down, or stop without saving: make down ARGS=--now"
        ) from reason
    return None


def _endpoint(port: int | None, ours: engine.Engine | None, *, persist: bool, names: tuple[str, ...]) -> Cloud:
    """The endpoint to deploy to: the one that is asked for, the engine that runs, the one named, or a new one."""
    asked = target.wanted()
    if asked == "aws":
        raise UmbelError("umbel up is for this machine, and UMBEL_TARGET asks for AWS: make deploy, or unset it")
    wanted = port or target.port() or (ours.port if ours else _usual_port(persist=persist))
    by_environment = engine.named_endpoint() if asked is None and ours is None else None
    named = asked if asked not in {None, "local"} else by_environment
    if named and not (ours and engine.is_ours(named, ours.port)):
        if engine.healthy(named):
            return Cloud(named)
        # Whoever has exported our own engine's address means the engine that is to be started.
        if not engine.is_ours(named, wanted):
            way_out = "unset it" if asked else f"unset it, or {target.VARIABLE}=local make up"
            who = target.named_by(Cloud(named))
            raise UmbelError(f"{who} names {named}, where nothing answers as a local engine does: start it, {way_out}")
    if ours is None:
        with steps.step(f"local engine on port {wanted}"):
            return Cloud(engine.start(wanted, persist=persist, hosts=names).endpoint)
    if wanted != ours.port:
        raise UmbelError(f"Umbel already runs on port {ours.port}: make down first")
    if names and names != ours.hosts:
        raise UmbelError(f"Umbel already runs, reached as {', '.join(ours.hosts) or engine.HOST}: make down first")
    if persist and not ours.persist:
        raise UmbelError("Umbel already runs, without --persist: make down first")
    engine.answers(ours.endpoint)
    return Cloud(ours.endpoint)


def _usual_port(*, persist: bool) -> int:
    """The port of the kept data where it is free, so that addresses that people noted stay right; else 4566."""
    kept = restoring.newest() if persist else None
    return kept.manifest.port if kept and engine.is_free(kept.manifest.port) else engine.PORT


def _stop_moved(ours: engine.Engine | None) -> engine.Engine | None:
    """Stop an engine whose folder was moved while it ran: its functions' code is where no path leads any more."""
    if ours is None or not ours.moved:
        return ours
    with _undisturbed():
        unsaved = "it did not persist"
        if ours.persist:
            unsaved = _save(ours, now=True) or ""
        engine.stop(saved=not unsaved)
    data = f"what it held and had not saved is gone: {unsaved}" if unsaved else "its data was saved"
    steps.say(f"Umbel was running when its folder was moved from {ours.home}, and had to be stopped; {data}")
    return None


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
