"""Discovery of one EHR over a store of its own, with a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.discovery.stage import Clock, DatedEhr, Stage, configured
from tests.stores import store_in


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stage(clock: Clock, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(clock, DatedEhr(clock), tmp_path / "drop", configured(), store_in(tmp_path))
    yield made
    made.engine.dispose()
