"""``python -m fhir_coder``: the command line."""

import sys

from fhir_coder.cli import main

sys.exit(main())
