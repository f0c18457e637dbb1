"""Where `umbel` begins: Ctrl-C is one line from the first import on."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Import the commands and run one."""
    try:
        # Whoever called may have closed it: `umbel jobs >&-`.
        sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives
        from umbel import cli  # noqa: PLC0415 - takes a tenth of a second, in which people press keys

        cli.main()
    except KeyboardInterrupt:
        sys.stderr.write("umbel: interrupted\n")
        sys.exit(130)
