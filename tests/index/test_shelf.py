"""Several indexes at once: vectors taken over from neighbours, opened when needed, cleared away only when nobody serves from them."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from index_excerpt import entry, lexicon, release

from index.build import build_index, needs_build
from index.clearing import clear_unused
from index.manifest import ManifestMismatch, read_manifest
from index.model import Model
from index.open import index_folder
from index.reuse import find_earlier_builds
from index.shelf import IndexShelf
from terminology.lexicon import load_lexicon


def quiet(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def test_a_new_release_takes_over_the_vectors_of_the_others(built: Path, model: Model, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "old")
    told: list[tuple[str, int, int]] = []
    other = release("8" * 64)
    build_index(tmp_path / "new", other, model, lambda *step: told.append(step), lexicon(entry("policeman heel", "M72.2"), sha256="5" * 64))
    assert ("embed", 1, 1) in told
    assert read_manifest(tmp_path / "new").files["encoder.onnx"] == read_manifest(built).files["encoder.onnx"]


def test_vectors_of_another_encoder_are_not_mixed_in(built: Path, model: Model, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "a")
    manifest = read_manifest(tmp_path / "a")
    known = find_earlier_builds(tmp_path / "a", model)
    assert known.encoder == tmp_path / "a" / "encoder.onnx"
    assert len(known.places) > 1000
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "encoder.onnx").write_bytes(b"another")
    assert find_earlier_builds(tmp_path / "b", model).encoder == tmp_path / "a" / "encoder.onnx"
    assert find_earlier_builds(tmp_path / "none", replace_model(model)).encoder is None
    assert manifest.counts["vectors"] >= len(known.places)


def replace_model(model: Model) -> Model:
    return replace(model, weights_sha256="0" * 64)


def test_a_damaged_index_needs_to_be_built(built: Path, model: Model, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(built, tmp_path / "damaged"))
    assert not needs_build(folder, release(), model, lexicon())
    (folder / "terms.json").write_bytes(b"{}")
    assert needs_build(folder, release(), model, lexicon())


@pytest.fixture(scope="module")
def pristine(built: Path, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Indexes of two releases with the shipped lexicon's name, so that the shelf takes them; nobody writes here."""
    data = tmp_path_factory.mktemp("pristine")
    for one in both():
        folder = index_folder(data, one)
        folder.parent.mkdir(exist_ok=True)
        shutil.copytree(built, folder)
        build_index(folder, one, model, quiet, lexicon(sha256=load_lexicon().sha256))
    return data


@pytest.fixture
def data(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the two indexes of the test's own, as building them takes most of a test."""
    return Path(shutil.copytree(pristine, tmp_path / "data"))


def both() -> tuple[Any, Any]:
    return release("a" * 64), replace(release("b" * 64), id="2026-10-01")


def test_only_what_is_asked_for_is_opened(data: Path) -> None:
    older, newer = both()
    shelf = IndexShelf(data, both(), {newer.id})
    assert shelf.opened == (newer.id,)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(shelf, [older] * 16))
    assert len(found) == 1
    assert shelf.opened == (newer.id, older.id)
    assert found.pop().search(["hypertension"], 1) == shelf(newer).search(["hypertension"], 1)


def test_a_child_opens_what_its_parent_left_closed(data: Path) -> None:
    older, newer = both()
    shelf = IndexShelf(data, both(), {newer.id})
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if shelf(older).find_terms("htn") and shelf(older).search(["heel spur"], 1)[0] else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert shelf.opened == (newer.id,)


@pytest.mark.parametrize("harm", ["missing", "damaged", "stale"])
def test_any_broken_index_keeps_the_server_from_starting(data: Path, harm: str) -> None:
    older, newer = both()
    folder = index_folder(data, older)
    if harm == "missing":
        shutil.rmtree(folder)
    elif harm == "damaged":
        (folder / "terms.json").write_bytes(b"{}")
    else:
        shutil.rmtree(folder)
        shutil.copytree(index_folder(data, newer), folder)
    with pytest.raises(ManifestMismatch, match="run `fhir-coder index build`"):
        IndexShelf(data, both(), {newer.id})


def test_indexes_nobody_needs_are_cleared_unless_a_server_holds_them(data: Path) -> None:
    older, newer = both()
    names = [index_folder(data, one).name for one in both()]
    shelf = IndexShelf(data, both(), {newer.id})
    assert clear_unused(data / "index", [names[1]]) == ()
    assert shelf(older).find_terms("htn")
    shelf.close()
    assert clear_unused(data / "index", [names[1]]) == (names[0],)
    assert sorted(path.name for path in (data / "index").iterdir() if path.is_dir()) == [names[1]]
    assert clear_unused(data / "nothing", []) == ()
