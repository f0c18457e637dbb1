"""The command line: which commands there are, and how they fail.

Commands are imported when they are called, so that `umbel --help` costs nothing but this file.
"""

import sys
from importlib import import_module

import click

from umbel import options
from umbel.errors import UmbelError
from umbel.home import version

# Section, then command, where it lives, what it does.
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Run Umbel": {
        "up": ("lifecycle", "Set up, start the local engine, deploy; then the web address"),
        "down": ("lifecycle", "Let what is in flight end, then stop and leave nothing behind"),
        "status": ("lifecycle", "Where everything is"),
        "doctor": ("doctor", "Check this machine and the AWS account before a deployment"),
        "token": ("token", "Create, list and revoke bearer tokens"),
    },
    "Send work": {
        "upload": ("upload", "Upload pictures and see their variants come in"),
        "run": ("submit", "Run one op on one input"),
        "batch": ("submit", "Run a batch of stores' visits from a file"),
        "crawl": ("submit", "Fetch web pages, some at a time"),
        "load": ("load", "Keep sending random tasks, and check every answer"),
    },
    "Follow work": {
        "jobs": ("jobs", "List jobs, newest first"),
        "job": ("jobs", "One job and its tasks"),
        "watch": ("jobs", "Follow a job until it ends"),
        "cancel": ("jobs", "Cancel a job: what is in flight ends, the rest is skipped"),
        "retry": ("jobs", "Run again what failed or was skipped"),
    },
    "Tune": {
        "ops": ("ops", "The ops that are deployed"),
        "scale": ("ops", "Set how many of an op run at a time; 0 pauses it"),
        "stats": ("stats", "Numbers, in all and per op"),
        "redrive": ("ops", "Send an op's dead letters through its lane again"),
    },
}

_OWN_TARGET = {"up", "down", "doctor"}
"""Commands that are about this machine; the others speak to the deployment that `--aws` and `--profile` may choose."""


class Umbel(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All names, in the order of the help."""
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command."""
        for section in COMMANDS.values():
            if cmd_name in section:
                module = import_module(f"umbel.commands.{section[cmd_name][0]}")
                command: click.Command = getattr(module, cmd_name)
                command.help = command.help or section[cmd_name][1] + "."
                if cmd_name not in _OWN_TARGET:
                    options.add_target(command)
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The help's list of commands, by section."""
        for title, section in COMMANDS.items():
            with formatter.section(title):
                listed = [(name, summary) for name, (_, summary) in section.items()]
                formatter.write_dl(listed, col_max=10)


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(f"umbel, version {version()}")
        ctx.exit()


@click.command(cls=Umbel, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
def umbel() -> None:
    """Drop a picture, every op makes its variant, each in its own lane."""


options.add_target(umbel)


def main() -> None:
    """Run a command; whatever goes wrong becomes one line on stderr and an exit status."""
    try:
        sys.exit(umbel(prog_name="umbel", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _say("umbel: interrupted")
        sys.exit(130)
    except UmbelError as error:
        _say(f"{error.detail}\numbel: {error}".strip())
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # The reader of our output went away: `umbel jobs | head`.
        sys.stdout = None
        sys.exit(141)
    except OSError as error:
        # A folder that cannot be written, a full disk. What is left of the output has nowhere to go.
        sys.stdout = None
        _say(f"umbel: {error.filename}: {error.strerror}" if error.filename else f"umbel: {error.strerror or error}")
        sys.exit(1)
    except Exception as error:
        if not _is_aws(error):
            raise
        _say(f"umbel: AWS: {error}")
        sys.exit(1)


def _is_aws(error: Exception) -> bool:
    """Whether boto3 raised it; asked without importing boto3, which most failures never needed."""
    return any(kind.__module__.partition(".")[0] in {"boto3", "botocore"} for kind in type(error).__mro__)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
