"""An EHR with canned answers, and a small release with its index laid out as a data folder holds them."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from fhir_coder.settings import Settings
from index.build import build_index
from index.manifest import Manifest
from index.model import packaged_model
from index.open import index_folder
from terminology.installation import install_release, open_catalogue, open_release
from terminology.lexicon import Lexicon, LexiconEntry
from terminology.release import Release
from tests.ehr.conftest import ehr  # noqa: F401 - the fixture

XML = """<ICD10CM.tabular><version>2026</version>
<chapter><name>9</name><desc>Diseases of the circulatory system (I00-I99)</desc><section id="I10-I1A"><desc>Hypertensive diseases (I10-I1A)</desc>
<diag><name>I10</name><desc>Essential (primary) hypertension</desc></diag>
<diag><name>I15</name><desc>Secondary hypertension</desc><diag><name>I15.9</name><desc>Secondary hypertension, unspecified</desc></diag></diag>
</section></chapter>
<chapter><name>14</name><desc>Diseases of the genitourinary system (N00-N99)</desc><section id="N40-N53"><desc>Diseases of male genital organs (N40-N53)</desc>
<diag><name>N40</name><desc>Benign prostatic hyperplasia</desc>
<diag><name>N40.0</name><desc>Benign prostatic hyperplasia without lower urinary tract symptoms</desc></diag></diag>
</section></chapter></ICD10CM.tabular>"""


def lexicon(htn: str = "I10") -> Lexicon:
    """A vocabulary of two phrases; ``htn`` is the code that "htn" means."""
    entries = (LexiconEntry("htn", "htn", (htn,), source="a.tsv"), LexiconEntry("bph", "enlarged prostate", ("N40.0",), source="a.tsv"))
    return Lexicon(entries, {"I10": "1" * 64, "I15.9": "2" * 64}[htn])


@pytest.fixture
def data(pristine: Path, tmp_path: Path) -> Path:
    """A data folder of the test's own with the small release and its index; files are links, as they are only ever replaced."""
    return Path(shutil.copytree(pristine, tmp_path / "data", copy_function=os.link))


@pytest.fixture(scope="session")
def pristine(built: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the tests' own are made from. The encoder is the full index's: exporting the model takes long."""
    folder = tmp_path_factory.mktemp("pristine")
    install_release(folder / "releases", XML.encode(), "small", date(2026, 4, 1), date(2026, 9, 30))
    shared = Settings.from_environment().data
    full, index = index_folder(shared, open_catalogue(shared).get("2026-04-01")), index_in(folder)
    index.mkdir(parents=True)
    for path in full.iterdir():
        os.link(path, index / path.name)
    build(folder, lexicon())
    return folder


def release_in(data: Path) -> Release:
    return open_release(data / "releases" / "2026-04-01")


def index_in(data: Path) -> Path:
    """The folder of the small release's index."""
    return index_folder(data, release_in(data))


def build(data: Path, words: Lexicon) -> Manifest:
    """Build the index of the small release with a vocabulary."""
    return build_index(index_in(data), release_in(data), packaged_model(), lambda *_: None, words, threads=1)
