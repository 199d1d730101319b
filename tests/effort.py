"""How much of a sweep over the release is tried: enough to catch a careless change in every run, all of it in ``make soak``."""

from __future__ import annotations

import os


def tries(often: int, soaking: int) -> int:
    """How many cases of a random sweep to try: ``often`` in ``make test``, ``soaking`` where FHIR_CODER_TEST_RANDOM is set, as in ``make soak``."""
    return soaking if os.environ.get("FHIR_CODER_TEST_RANDOM") else often
