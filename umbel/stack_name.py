"""The name of a stack: of its CloudFormation stack, and the first part of the name of everything in it.

Two stacks with two names can be in one account and region. `UMBEL_STACK` chooses the name, else the setting `name` in
cdk.json, else it is `umbel`. The command line finds a stack by its name.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from umbel.errors import UmbelError
from umbel.paths import ROOT

VARIABLE = "UMBEL_STACK"
DEFAULT = "umbel"
_NAME = re.compile("[a-z]{1,20}")


def chosen(context: Mapping[str, Any] | None = None) -> str:
    """Return the name; `context` is the CDK's, by default that of cdk.json. Raise an error for one that cannot be used.

    It has letters only: with a hyphen or a digit, the policies and graphs of `umbel`, which find what belongs to it by
    the first word of a name, could include what belongs to another stack.
    """
    given = os.environ.get(VARIABLE)
    source = VARIABLE if given else "the setting 'name'"
    name = str(given or (_default_context() if context is None else context).get("name") or DEFAULT)
    if not _NAME.fullmatch(name):
        raise UmbelError(f"{source} is '{name}'; a stack's name has 1 to 20 letters, all lower case")
    return name


def choose(context: Mapping[str, Any]) -> None:
    """Use the name in a command's own context (`-c name=…`), if there is one, in this process and those it starts."""
    if "name" in context:
        os.environ[VARIABLE] = str(context["name"])
    chosen()


def shell_prefix() -> str:
    """Return what must be before a command in a shell, so that it finds this stack; nothing for the usual name."""
    name = chosen()
    return "" if name == DEFAULT else f"{VARIABLE}={name} "


def _default_context() -> Mapping[str, Any]:
    try:
        context: Mapping[str, Any] = msgspec.json.decode((ROOT / "cdk.json").read_bytes())["context"]
    except FileNotFoundError:
        # The client is installed without the checkout.
        return {}
    return context
