"""The folder of this file is importable: the tests share the small official files made in it, the lexicon and its dictionary."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fhir_coder.settings import Settings
from index.layout import load_terms
from index.matcher import TermMatcher
from index.open import check_index, index_folder
from terminology.lexicon import Lexicon, load_lexicon
from terminology.release import Release

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    """The lexicon that ships."""
    return load_lexicon()


@pytest.fixture(scope="session")
def matcher(built: None, release: Release) -> TermMatcher:
    """The dictionary of the embedded release, as the index that is served holds it: made from the lexicon that ships, or refused."""
    folder = index_folder(Settings.from_environment().data, release)
    check_index(folder, release)
    return TermMatcher(load_terms(folder))
