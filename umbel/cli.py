"""Define the `umbel` command: its subcommands, and how each kind of error is printed.

A subcommand is imported when it is called, so that `umbel --help` imports nothing but this file.
"""

import sys
from importlib import import_module
from io import StringIO

import click

from umbel import options, printable
from umbel.errors import UmbelError
from umbel.paths import version

# Section -> command -> (its module in umbel.commands, what it does).
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Run Umbel": {
        "up": ("lifecycle", "Set up, start the local engine, deploy, and print the page's URL"),
        "down": ("lifecycle", "Wait for messages in flight, then stop and leave nothing behind"),
        "status": ("lifecycle", "Show the health, the URLs and the names of the deployment"),
        "doctor": ("doctor", "Check this machine and the AWS account before a deployment"),
        "token": ("token", "Create, list and revoke bearer tokens"),
    },
    "Send work": {
        "upload": ("upload", "Upload pictures and show their variants as they arrive"),
        "run": ("submit", "Run one op on one input"),
        "batch": ("submit", "Run a batch of stores' visits from a file"),
        "crawl": ("submit", "Fetch web pages, several at a time"),
        "load": ("load", "Keep sending random tasks, and check every result"),
    },
    "Follow work": {
        "jobs": ("jobs", "List jobs, newest first"),
        "job": ("jobs", "Show one job and its tasks"),
        "watch": ("jobs", "Follow a job until it ends"),
        "cancel": ("jobs", "Cancel a job: running tasks end, the others are skipped"),
        "retry": ("jobs", "Run a job's failed and skipped tasks again"),
    },
    "Tune": {
        "ops": ("ops", "List the deployed ops"),
        "scale": ("ops", "Set how many tasks of an op run at a time; 0 pauses it"),
        "stats": ("stats", "Show the statistics of all jobs and of each op"),
        "redrive": ("ops", "Send an op's dead letters through its lane again"),
    },
}

_OWN_TARGET = {"up", "down", "doctor"}
"""Commands for this machine alone; the others have the options `--aws` and `--profile`, which choose a deployment."""


class UmbelCommands(click.Group):
    """A click group that lists its commands without importing them and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return all command names in the order of the help."""
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return one command."""
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
        """Write the list of commands into the help, by section."""
        for title, section in COMMANDS.items():
            with formatter.section(title):
                listed = [(name, summary) for name, (_, summary) in section.items()]
                formatter.write_dl(listed, col_max=10)


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(f"umbel, version {version()}")
        ctx.exit()


@click.command(cls=UmbelCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
def umbel() -> None:
    """Run ops on pictures, text and web pages; each op has its own queue and function."""


options.add_target(umbel)


def main() -> None:
    """Run a command; print any error as one line on stderr and exit with its status."""
    try:
        sys.exit(umbel(prog_name="umbel", standalone_mode=False))
    except click.ClickException as error:
        shown = StringIO()
        error.show(shown)
        _say(shown.getvalue().rstrip())
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _say("umbel: interrupted")
        sys.exit(130)
    except UmbelError as error:
        _say(f"{error.detail}\numbel: {error}".strip())
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # The program that reads the output has ended: `umbel jobs | head`.
        sys.stdout = None
        sys.exit(141)
    except OSError as error:
        # For example a folder that cannot be written, or a full disk. Python must not flush the rest of stdout at exit.
        sys.stdout = None
        _say(f"umbel: {error.filename}: {error.strerror}" if error.filename else f"umbel: {error.strerror or error}")
        sys.exit(1)
    except Exception as error:
        if not _is_aws(error):
            raise
        _say(f"umbel: AWS: {error}")
        sys.exit(1)


def _is_aws(error: Exception) -> bool:
    """Return whether boto3 raised the error, without importing boto3, which is slow."""
    return any(kind.__module__.partition(".")[0] in {"boto3", "botocore"} for kind in type(error).__mro__)


def _say(sentence: str) -> None:
    click.echo(printable.lines(sentence), err=True)
