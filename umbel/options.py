"""Define the options `--aws` and `--profile`, which set the variables that `umbel.target` reads."""

import os

import click


def add_target(command: click.Command) -> None:
    """Add the options `--aws` and `--profile` to a command and its subcommands, unless it has them already."""
    if not any(option.name == "aws" for option in command.params):
        command.params += [
            click.Option(
                ["--aws"], is_flag=True, expose_value=False, callback=_use_aws, help="Use the deployment on AWS."
            ),
            click.Option(
                ["--profile"],
                metavar="NAME",
                expose_value=False,
                callback=_use_named_profile,
                help="Use the deployment on AWS, with this profile.",
            ),
        ]
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        add_target(each)


def _use_aws(_context: click.Context, _option: click.Parameter, given: bool) -> None:
    if given:
        os.environ["UMBEL_TARGET"] = "aws"


def _use_named_profile(_context: click.Context, _option: click.Parameter, name: str | None) -> None:
    if name:
        use_profile(name)


def use_profile(name: str) -> None:
    """Choose AWS, with the profile of this name."""
    os.environ |= {"UMBEL_TARGET": "aws", "AWS_PROFILE": name}
    os.environ.pop("AWS_DEFAULT_PROFILE", None)
