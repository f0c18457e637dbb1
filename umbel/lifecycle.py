"""Implement `umbel up`, from an empty checkout to a running Umbel, and `umbel down`, which leaves nothing behind."""

import contextlib
import signal
import time
from collections.abc import Iterator, Mapping

from umbel import deploy, engine, host_names, lock, progress, restore, stack, target, toolchain, waiting, weather
from umbel.aws import AwsTarget
from umbel.errors import UmbelError

DRAIN_TIMEOUT = 30.0
_SAVE_TIMEOUT = 120.0
_SAVE_NOW_TIMEOUT = 20.0
_PAUSE = 0.5


def up(
    port: int | None,
    *,
    persist: bool,
    settings: Mapping[str, str],
    reached_as: str | None = None,
    force: bool = False,
    with_weather: bool = False,
    drop_waiting: bool = False,
) -> stack.Deployment:
    """Set up, start the engine and deploy. Use what runs already. On failure stop the engine that this call started.

    `settings` override those of cdk.json; `reached_as` are the host names that browsers on other machines use;
    `force` replaces a stack that another checkout deployed; `drop_waiting` deletes lanes with the messages in them;
    `with_weather` injects mild errors into the calls of the functions.
    """
    with _interruptible(), lock.held("make up"):
        running = _stop_moved(engine.running())
        try:
            toolchain.setup()
            names = host_names.parse(reached_as or "")
            aws = _endpoint(port, running, persist=persist, names=names, with_weather=with_weather)
            if weather.runs():
                # Functions reach the engine through the proxy; browsers must not.
                settings = {"public_endpoint": str(stack.public(aws)), **settings}
            with weather.paused():
                return deploy.local(aws, force=force, drop_waiting=drop_waiting, **settings)
        except BaseException:
            if running is None:
                with _undisturbed():
                    engine.stop()
                if persist and restore.has_snapshots():
                    progress.say("the saved data is unchanged; without PERSIST=1, make up starts without it")
            raise


def down(*, now: bool) -> str:
    """Wait for messages in flight, then stop our engine and leave nothing behind; return a sentence about the result.

    A persistent engine's state is saved first. When that fails, the engine is not stopped, unless `now` is set.
    """
    if target.requested() == "aws":
        raise UmbelError(
            f"umbel down is for this machine, and {target.VARIABLE} asks for AWS: cdk destroy, or unset it"
        )
    with _interruptible(), lock.held("make down"):
        ours = engine.running()
        if ours is None:
            engine.clean_up()
            return "Umbel is not running here"
        if not now and not ours.moved and engine.is_answering(ours.endpoint):
            _drain(AwsTarget(ours.endpoint))
        unsaved = _save(ours, now=now) if ours.persist else None
        with _undisturbed(), progress.step("stopping the local engine"):
            engine.stop(saved=ours.persist and unsaved is None)
        if not ours.persist:
            return "Umbel has stopped"
        if unsaved:
            return f"Umbel has stopped without saving its data, {restore.describe_last_save()}: {unsaved}"
        return "Umbel has stopped; its data is saved for the next up (PERSIST=1)"


def _save(ours: engine.Engine, *, now: bool) -> str | None:
    """Save the state before the engine stops; return the reason when that failed and the engine must stop anyway."""
    try:
        with _undisturbed(), progress.step("saving its data"):
            engine.save(ours, final=True, timeout=_SAVE_NOW_TIMEOUT if now else _SAVE_TIMEOUT)
    except engine.SaveError as error:
        if now or not restore.DEPLOYED.exists():
            return str(error)
        raise UmbelError(
            f"Umbel still runs: its data, {restore.describe_last_save()}, could not be saved: {error}. Remove the "
            "cause and repeat make down, or stop without saving: make down ARGS=--now"
        ) from error
    return None


def _endpoint(
    port: int | None, ours: engine.Engine | None, *, persist: bool, names: tuple[str, ...], with_weather: bool
) -> AwsTarget:
    """Return the endpoint to deploy to: the requested one, our running engine, the one named, or a new engine."""
    asked = target.requested()
    if asked == "aws":
        raise UmbelError("umbel up is for this machine, and UMBEL_TARGET asks for AWS: make deploy, or unset it")
    wanted = port or target.requested_port() or (ours.port if ours else _usual_port(persist=persist))
    by_environment = engine.endpoint_from_environment() if asked is None and ours is None else None
    named = asked if asked not in {None, "local"} else by_environment
    if named and not (ours and engine.is_own_endpoint(named, ours.port)):
        if engine.is_healthy(named):
            return AwsTarget(named)
        # A user may have exported our own engine's URL: then the engine that `up` starts is meant.
        if not engine.is_own_endpoint(named, wanted):
            advice = "unset it" if asked else f"unset it, or {target.VARIABLE}=local make up"
            variable = target.endpoint_source(AwsTarget(named))
            raise UmbelError(f"{variable} names {named}, where no local engine answers: start it, {advice}")
    if ours is None:
        with progress.step(f"local engine on port {wanted}"):
            return AwsTarget(engine.start(wanted, persist=persist, hosts=names, with_weather=with_weather).endpoint)
    if wanted != ours.port:
        raise UmbelError(f"Umbel already runs on port {ours.port}: make down first")
    if names and names != ours.hosts:
        raise UmbelError(f"Umbel already runs, reached as {', '.join(ours.hosts) or engine.HOST}: make down first")
    if persist and not ours.persist:
        raise UmbelError("Umbel already runs, without --persist: make down first")
    if with_weather and not weather.runs():
        raise UmbelError("Umbel already runs, without --weather: make down first")
    engine.is_answering(ours.endpoint)
    return AwsTarget(ours.endpoint)


def _usual_port(*, persist: bool) -> int:
    """Return the port of the saved data if it is free, so that URLs that people noted stay valid; else 4566."""
    snapshot = restore.newest() if persist else None
    return snapshot.manifest.port if snapshot and engine.is_free_port(snapshot.manifest.port) else engine.PORT


def _stop_moved(ours: engine.Engine | None) -> engine.Engine | None:
    """Stop an engine whose folder was moved while it ran: its functions' code is not at its path any more."""
    if ours is None or not ours.moved:
        return ours
    with _undisturbed():
        unsaved = "it did not run with PERSIST=1"
        if ours.persist:
            unsaved = _save(ours, now=True) or ""
        engine.stop(saved=not unsaved)
    data = f"its unsaved data is lost: {unsaved}" if unsaved else "its data was saved"
    progress.say(f"Umbel was running when its folder was moved from {ours.home}, and had to be stopped; {data}")
    return None


def _drain(aws: AwsTarget) -> None:
    """Wait until the queues are empty, except the dead-letter queues: nothing works on those."""
    deadline = time.monotonic() + DRAIN_TIMEOUT
    with progress.step("waiting for messages in flight") as step:
        while (left := _in_flight(aws)) and time.monotonic() < deadline:
            step.note(f"{left} messages left")
            time.sleep(_PAUSE)


def _in_flight(aws: AwsTarget) -> int:
    """Return the number of messages in all stacks' queues, waiting or in flight, without the dead-letter queues."""
    if not engine.is_healthy(aws.endpoint or ""):
        return 0
    deployed = [name for name in stack.names() if aws.outputs(name)]
    return sum(count for name in deployed for count in waiting.messages(aws, name).values())


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Handle SIGTERM and SIGHUP (a closed terminal) like Ctrl-C in the block, so that `up` cleans up."""

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
    """Ignore Ctrl-C in the block, so that a second one does not interrupt the clean-up."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
