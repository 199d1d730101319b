"""Discovery of one EHR over a store of its own, with a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from tests.discovery.stage import Clock, DatedEhr, Stage, configured
from tests.store.conftest import tables_of_sqlite as tables_of_sqlite


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stage(clock: Clock, tmp_path: Path, tables_of_sqlite: Path) -> Iterator[Stage]:
    copyfile(tables_of_sqlite, tmp_path / "store.sqlite")
    made = Stage(clock, DatedEhr(clock), tmp_path / "drop", configured(), f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield made
    made.engine.dispose()
