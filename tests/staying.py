"""What a run of tests loads once: a release, an index, an engine. They are a million objects that the collector of cyclic garbage need not look through."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from fhir_coder.long_lived import keep_for_good, uncollected


@contextmanager
def staying() -> Iterator[None]:
    """What the block loads stays until the run ends, and is not looked through again. What is garbage before it is collected first."""
    gc.collect()
    with uncollected():
        yield
    keep_for_good()
