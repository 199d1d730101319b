"""One small index for the whole session: the model is exported once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from index.build import build_index
from index.code_index import CodeIndex
from index.matcher import TermMatcher
from index.model import Model, packaged_model
from index.open import open_index
from index.terms import gather_terms

sys.path.insert(0, str(Path(__file__).parent))

from index_excerpt import lexicon, release


@pytest.fixture(scope="session")
def model() -> Model:
    return packaged_model()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Path:
    folder = tmp_path_factory.mktemp("index") / "2026-04-01"
    build_index(folder, release(), model, lambda stage, done, total: None, lexicon())
    return folder


@pytest.fixture(scope="session")
def opened(built: Path) -> CodeIndex:
    return open_index(built, release(), lexicon())


@pytest.fixture(scope="session")
def matcher() -> TermMatcher:
    return TermMatcher(gather_terms(release().codebook, lexicon().entries))
