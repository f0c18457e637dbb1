"""The CDK app: `cdk synth|diff|deploy|destroy` start here."""

import fcntl
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# The functions' own models are what infra builds from; they are in Lambda's import folders.
sys.path[:0] = [str(ROOT / folder) for folder in ("functions", "layers/core", "layers/fetching", "layers/imaging")]
# The CDK's library needs Node: use the locked version, whichever command started this program.
os.environ["PATH"] = os.pathsep.join([str(ROOT / ".umbel" / "node"), os.environ.get("PATH", os.defpath)])

from aws_cdk import App  # noqa: E402

from infra.assets import AssetError  # noqa: E402
from infra.bundle import BUILD, BundleError  # noqa: E402
from infra.function import FUNCTIONS  # noqa: E402
from infra.settings import SettingsError, read_settings  # noqa: E402
from infra.site import SiteError  # noqa: E402
from infra.stack import Umbel  # noqa: E402
from infra.target import read_target  # noqa: E402
from umbel import stack_name  # noqa: E402
from umbel.errors import UmbelError  # noqa: E402
from umbel_core.lane_settings import LaneSettingsError  # noqa: E402
from umbel_core.op import OpDeclarationError  # noqa: E402
from umbel_core.recipes import RecipeError  # noqa: E402

_ERRORS = (
    *(AssetError, OpDeclarationError, RecipeError, LaneSettingsError, SettingsError, BundleError, SiteError),
    UmbelError,
)


def main() -> None:
    """Synthesise the stack; print one line and stop at an error in the settings, ops or recipes."""
    app = App()
    context = app.node.try_get_context
    BUILD.mkdir(exist_ok=True)
    # Held until this process ends: without it, `make up` and `make test` at the same time would write the same folders.
    lock = (BUILD / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        ops = Path(context("ops") or FUNCTIONS / "ops")
        recipes = Path(context("recipes") or ROOT / "recipes.toml")
        settings = read_settings(app.node.get_all_context())
        Umbel(app, stack_name.chosen({"name": context("name")}), read_target(context), settings, ops, recipes)
    except _ERRORS as error:
        sys.exit(f"umbel: {error}")
    app.synth()


if __name__ == "__main__":
    main()
