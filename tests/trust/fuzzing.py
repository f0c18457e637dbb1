"""Generated calls of every route: no answer is a server error, and each is as the OpenAPI document says."""

import os
from pathlib import Path

from tests.fuzz import examples_for, fuzz, generated
from tests.pipeline.api import ApiClient
from tests.pipeline.deployment import deployment
from tests.trust.section import Section

CALLS = 5000
_ABOUT = "Calls of every route are generated from the OpenAPI document, and every answer is compared with it."


def run() -> Section:
    """Deploy Umbel to an engine of its own and call it."""
    with deployment(Path(os.environ["UMBEL_HOME"], "ops"), allowed="", keep_running=False) as deployed:
        api = ApiClient(deployed.stack.api, deployed.token("operator"))
        done = fuzz(api, examples_for(api, CALLS))
    calls = generated(done.stdout)
    errors = [] if done.returncode == 0 else [done.stdout[-5000:] + done.stderr[-1000:]]
    if calls < CALLS:
        errors.append(f"only {calls} calls were generated")
    return Section(
        "Generated calls", {"calls": calls, "server errors": done.stdout.count("Server error")}, errors, _ABOUT
    )
