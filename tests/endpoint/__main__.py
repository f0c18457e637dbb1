"""`UMBEL_TEST_ENDPOINT=http://localhost:4566 make test-endpoint`: what works on a local engine, and what does not.

The engine may be a LocalStack or any other with its interface. The stack `contract` is deployed there beside whatever
else is there, with few ops; `.venv/bin/cdk destroy` removes it. All that is known about the engine is the endpoint.
"""

import os
import shutil
import sys
import tempfile

# Before anything imports `umbel`, so that it finds no engine of this checkout's.
os.environ["UMBEL_HOME"] = tempfile.mkdtemp(prefix="umbel-endpoint-")
os.environ["UMBEL_STACK"] = "contract"

from tests.endpoint.checks import Checks
from tests.endpoint.session import Sessions


def main() -> None:
    """Run the checks, print their table, and exit with 1 when one of them failed."""
    endpoint = os.environ.get("UMBEL_TEST_ENDPOINT", "").rstrip("/")
    if not endpoint.startswith(("http://", "https://")):
        sys.exit("UMBEL_TEST_ENDPOINT is to be the URL of a local engine, such as http://localhost:4566")
    try:
        results = Checks(Sessions(endpoint)).run()
    finally:
        shutil.rmtree(os.environ["UMBEL_HOME"], ignore_errors=True)
    width = max(len(result.name) for result in results)
    for result in results:
        sys.stdout.write(f"{result.mark} {result.name:<{width}}  {result.detail}\n")
    sys.exit(any(result.mark == "✗" for result in results))


if __name__ == "__main__":
    main()
