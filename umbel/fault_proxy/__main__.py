"""Run the proxy in a process of its own."""

import sys
from pathlib import Path

from umbel.fault_proxy import FaultProxy


def main(engine: str, port: str, seed: str, log: str) -> None:
    """Serve until the process is stopped, without errors until rates are given."""
    with FaultProxy(int(engine), port=int(port), seed=int(seed), log=Path(log)) as proxy:
        proxy.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
