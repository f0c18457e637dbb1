"""Send generated calls to a deployment and compare its answers with its own OpenAPI document: `make fuzz`.

schemathesis makes valid and invalid calls of every operation, and follows the links of the document: start a job, read
it, cancel it, retry it. Whatever concurrency it gives an op is taken back at the end.
"""

import re
import subprocess
import sys
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.pipeline.api import ApiClient
from umbel import stack

_PHASES = "examples,coverage,fuzzing,stateful"
_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,negative_data_rejection"
)


def fuzz(api: ApiClient, examples: int, phases: str = _PHASES) -> subprocess.CompletedProcess[str]:
    """Run schemathesis with so many examples for each operation; its report is in `stdout`."""
    assert api.token, "an operator's token"
    command = [
        *(str(Path(sys.executable).with_name("st")), "run", f"{api.url}/openapi.json", "--url", api.url),
        *("--header", f"Authorization: Bearer {api.token}", "--max-examples", str(examples)),
        *("--phases", phases, "--checks", _CHECKS, "--continue-on-failure", "--no-color"),
        *("--generation-database", "none", "--warnings", "off"),
    ]
    concurrency = {op["name"]: op["concurrency"] for op in api.get("/ops").body["ops"]}
    try:
        with TemporaryDirectory() as folder:  # it leaves a cache where it runs
            return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    finally:
        for op in api.get("/ops").body["ops"]:
            if op["concurrency"] != concurrency[op["name"]]:
                api.put(f"/ops/{op['name']}", {"concurrency": concurrency[op["name"]]})


def examples_for(api: ApiClient, calls: int) -> int:
    """Return how many examples each operation needs, so that at least so many calls are generated in all."""
    paths = api.get("/openapi.json").body["paths"].values()
    # A call without parameters has nothing that could be generated.
    varied = [call for path in paths for call in path.values() if call["parameters"] or "requestBody" in call]
    return ceil(calls / len(varied))


def generated(report: str) -> int:
    """Return how many calls a report says were generated."""
    found = re.search(r"(\d+) generated", report)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    deployed = stack.find()
    done = fuzz(ApiClient(deployed.api, deployed.token), int(sys.argv[1]) if len(sys.argv) > 1 else 100)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    sys.exit(done.returncode)
