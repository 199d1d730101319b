"""``python -m conformance.simulator``."""

import sys

from conformance.simulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
