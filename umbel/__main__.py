"""Run the command line: `python -m umbel`. Ctrl-C prints one line, even while modules are being imported."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Import the commands and run the one that the arguments name."""
    try:
        # The caller may have closed stdout: `umbel jobs >&-`.
        sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - open until the process ends
        from umbel import cli  # noqa: PLC0415 - the import takes a tenth of a second, in which Ctrl-C may come

        cli.main()
    except KeyboardInterrupt:
        sys.stderr.write("umbel: interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
