"""The databases of the store's tests, and the command over the engine that all tests share."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from fhir_coder import app
from fhir_coder.cli import main
from tests.one_engine import build_coder
from tests.store.conftest import KEY, database_url, shelf_of_postgresql
from tests.stores import store_in

__all__ = ["database_url", "shelf_of_postgresql"]
Bulk = Callable[..., int]


@pytest.fixture
def bulk(built: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bulk]:
    """``fhir-coder bulk`` in this process, over a store of the test's own."""
    monkeypatch.setenv("FHIR_CODER_DATABASE_URL", store_in(tmp_path))
    monkeypatch.setenv("FHIR_CODER_KEY", KEY)
    terminate = signal.getsignal(signal.SIGTERM)
    with patch.object(app, "build_coder", build_coder), patch.object(app, "ensure_index"):
        yield lambda *arguments: main(["bulk", *map(str, arguments)])
    signal.signal(signal.SIGTERM, terminate)
    gc.unfreeze()  # the other tests of this process want their garbage collected
