"""The options that say which deployment a command means; `umbel.target` reads what they set."""

import os

import click


def add_target(command: click.Command) -> None:
    """Give a command, and those below it, the options `--aws` and `--profile`; once, however often it is called."""
    if not any(option.name == "aws" for option in command.params):
        command.params += [
            click.Option(
                ["--aws"], is_flag=True, expose_value=False, callback=_take_aws, help="The deployment on AWS, not here."
            ),
            click.Option(
                ["--profile"],
                metavar="NAME",
                expose_value=False,
                callback=_take_profile,
                help="On AWS, as this profile.",
            ),
        ]
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        add_target(each)


def _take_aws(_context: click.Context, _option: click.Parameter, given: bool) -> None:
    if given:
        os.environ["UMBEL_TARGET"] = "aws"


def _take_profile(_context: click.Context, _option: click.Parameter, name: str | None) -> None:
    if name:
        use_profile(name)


def use_profile(name: str) -> None:
    """Ask for AWS, as the profile of this name."""
    os.environ |= {"UMBEL_TARGET": "aws", "AWS_PROFILE": name}
    os.environ.pop("AWS_DEFAULT_PROFILE", None)
