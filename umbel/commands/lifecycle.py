"""`umbel up`, `umbel down`, `umbel status`."""

import click
import msgspec

from umbel import engine, lifecycle, show, stack, stack_name, warming, weather
from umbel.client import Client
from umbel.environment import CREDENTIALS
from umbel.errors import UmbelError
from umbel.paths import LOGS


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the local engine (UMBEL_PORT, else 4566).")
@click.option(
    "--persist/--no-persist", envvar="UMBEL_PERSIST", help="Keep buckets and ledger when Umbel stops (UMBEL_PERSIST)."
)
@click.option(
    "--host",
    metavar="NAME,…",
    envvar="UMBEL_HOST",
    help="Let browsers on other machines in, under these names or addresses (UMBEL_HOST).",
)
@click.option("-c", "--context", "settings", multiple=True, metavar="KEY=VALUE", help="As for cdk: -c max_tasks=500.")
@click.option("--force", is_flag=True, help="Replace a stack that another checkout deployed to the same endpoint.")
@click.option("--drop-waiting", is_flag=True, help="Deploy although tasks wait in a lane that this deletes.")
@click.option("--weather", "with_weather", is_flag=True, help="Inject mild errors into the AWS calls of the functions.")
@click.option("--warm/--no-warm", default=True, envvar="UMBEL_WARM", help="Start all functions now (UMBEL_WARM).")
@show.as_json
def up(
    port: int | None,
    persist: bool,
    host: str | None,
    settings: tuple[str, ...],
    force: bool,
    drop_waiting: bool,
    with_weather: bool,
    warm: bool,
    as_json: bool,
) -> None:
    context = dict(map(_setting, settings))
    stack_name.choose(context)
    deployment = lifecycle.up(
        port,
        persist=persist,
        settings=context,
        reached_as=host,
        force=force,
        drop_waiting=drop_waiting,
        with_weather=with_weather,
    )
    show.result(deployment, _welcome, json=as_json)
    if warm:
        warming.start(deployment)


@click.command()
@click.option("--now", is_flag=True, help="Do not wait for what is in flight.")
@show.as_json
def down(now: bool, as_json: bool) -> None:
    show.result({"message": lifecycle.down(now=now)}, lambda answer: show.line(answer["message"]), json=as_json)


@click.command()
@show.as_json
def status(as_json: bool) -> None:
    deployment = stack.find()
    show.result(deployment, _status, json=as_json)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"'{text}' is not of the form key=value", param_hint="-c")
    return name, value


def _welcome(deployment: stack.Deployment) -> None:
    ours = engine.running()
    # With its address: in another shell the CDK would mean that shell's AWS account.
    elsewhere = f"{_address(deployment)}{stack_name.shell_prefix()}.venv/bin/cdk destroy -c target=local"
    stop = "make down" if ours and ours.endpoint == deployment.endpoint else elsewhere
    show.out.print()
    show.fields(
        [
            ("Open", show.text(deployment.page_url, "bold cyan")),
            ("or copy", _copy_line(deployment)),
            ("or", f"{stack_name.shell_prefix()}.venv/bin/umbel upload photo.jpg"),
            ("API", deployment.api),
            ("Logs", str(LOGS)),
            ("Stop", stop),
            *_paused(deployment),
        ]
    )


def _paused(deployment: stack.Deployment) -> list[tuple[str, str]]:
    """Return a reminder of paused ops: neither a deployment nor a restart resumes what was paused by hand."""
    try:
        ops = [op for op, state in Client.of(deployment).health().ops.items() if state == "paused"]
    except UmbelError:
        return []
    return [("Paused", f"{', '.join(ops)}; tasks wait until: umbel scale {ops[0]} 4")] if ops else []


def _copy_line(deployment: stack.Deployment) -> str:
    """Return a command that works in any shell, whatever AWS credentials it has."""
    return f"{_address(deployment)}aws s3 cp photo.jpg s3://{deployment.uploads_bucket}/uploads/"


def _address(deployment: stack.Deployment) -> str:
    """Return the variables before a command that direct it to the local endpoint; nothing for AWS."""
    local = {**CREDENTIALS, "AWS_ENDPOINT_URL": deployment.endpoint} if deployment.endpoint else {}
    return "".join(f"{name}={value} " for name, value in local.items())


def _status(deployment: stack.Deployment) -> None:
    try:
        health = Client.of(deployment).health()
        said, lanes = str(health.status), health.ops
    except UmbelError as error:
        said, lanes = str(error), {}
    states: dict[str, list[str]] = {}
    for op, state in lanes.items():
        states.setdefault(state, []).append(op)
    ops = "; ".join(f"{state}: {', '.join(names)}" for state, names in sorted(states.items()))
    addresses = [(name, str(value)) for name, value in msgspec.to_builtins(deployment).items() if value is not None]
    colour = "green" if said == "ok" else "red"
    now = weather.status()
    shown = [("weather", weather.describe(now))] if now else []
    show.fields([("health", show.text(said, colour)), ("ops", ops), *shown, *addresses])
