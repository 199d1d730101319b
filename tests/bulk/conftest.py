"""The databases of the store's tests, and the command over the engine that all tests share."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfile
from unittest.mock import patch

import pytest

from fhir_coder import app
from fhir_coder.cli import main
from tests.one_engine import build_coder
from tests.store.conftest import KEY, database_url, shelf_of_postgresql, tables_of_sqlite

__all__ = ["database_url", "shelf_of_postgresql", "tables_of_sqlite"]
Bulk = Callable[..., int]


@pytest.fixture
def bulk(built: None, tables_of_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bulk]:
    """``fhir-coder bulk`` in this process, over a store of the test's own."""
    monkeypatch.setenv("FHIR_CODER_DATABASE_URL", f"sqlite:///{copyfile(tables_of_sqlite, tmp_path / 'store.sqlite')}")
    monkeypatch.setenv("FHIR_CODER_KEY", KEY)
    terminate = signal.getsignal(signal.SIGTERM)
    with patch.object(app, "build_coder", build_coder), patch.object(app, "ensure_index"):
        yield lambda *arguments: main(["bulk", *map(str, arguments)])
    signal.signal(signal.SIGTERM, terminate)
    gc.unfreeze()  # the other tests of this process want their garbage collected
