"""Shared by all tests: the installed releases, and where data that is not part of the project may lie."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from fhir_coder.settings import Settings

if TYPE_CHECKING:
    from fhir_coder.pipeline import Coder
from terminology.codebook import Codebook
from terminology.installation import open_catalogue
from terminology.release import Catalogue, Release
from tests.staying import staying

ROOT = Path(__file__).resolve().parents[1]

LONG = [line for line in (ROOT / "tests" / "long_files.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
"""Files below ``tests``, the longest first: begun last, one of them would keep the others waiting for the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files go first, to whichever process is free; the others stay in their order. Raises UsageError for one that is gone."""
    if gone := [name for name in LONG if not (ROOT / "tests" / name).is_file()]:
        raise pytest.UsageError(f"tests/long_files.txt names {', '.join(gone)}, which is no file")
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


def pytest_configure(config: pytest.Config) -> None:
    """Tests share the data folder of the checkout, so that the index is built once. Properties try the same examples in every run, so that a change is
    judged by what it changes; with FHIR_CODER_TEST_RANDOM set (``make soak``) they try others."""
    os.environ.setdefault("FHIR_CODER_DATA", str(ROOT / ".data"))
    settings.register_profile("steady", derandomize=not os.environ.get("FHIR_CODER_TEST_RANDOM"))
    settings.load_profile("steady")


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end: the collector of cyclic garbage went through all of them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def nothing_goes_on() -> None:
    """What servers of earlier files do of themselves is over when a file begins."""
    from tests.one_engine import end_apps

    end_apps()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Official files, peers and evaluation notes, which are not part of the project; tests that need them are skipped without."""
    folder = Path(os.environ.get("FHIR_CODER_TEST_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("the folder of official files and peers is not here (FHIR_CODER_TEST_SHARED)")
    return folder


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Every installed release."""
    with staying():
        return open_catalogue(Settings.from_environment().data)


@pytest.fixture(scope="session")
def release(catalogue: Catalogue) -> Release:
    """The embedded release, April 2026."""
    return catalogue.get("2026-04-01")


@pytest.fixture(scope="session")
def codebook(release: Release) -> Codebook:
    """The codebook of the embedded release."""
    return release.codebook


@pytest.fixture(scope="session")
def built() -> None:
    """The index in the data folder, built when it is missing."""
    from fhir_coder.installed import build_indexes

    for _ in build_indexes(Settings.from_environment()):
        pass


@pytest.fixture(scope="module")
def loaded_once() -> Iterator[None]:
    """Commands of a file share one load of the installed releases and indexes."""
    from tests import one_engine

    with one_engine.loaded_once():
        yield


@pytest.fixture(scope="session")
def coder(built: None) -> Coder:
    """The engine of the pipeline with everything loaded, as the server makes it."""
    from tests.one_engine import build_coder

    return build_coder(Settings.from_environment())
