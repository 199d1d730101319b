"""What a coder is made of: named the same whether kept or not, kept before it is used, and never that of another build."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fhir_coder.coding.ranker import Ranker, shipped_ranker
from fhir_coder.errors import ConfigurationError
from fhir_coder.record.archive import Archive
from fhir_coder.record.artifacts import ArtifactKeeper, archive_folder, index_release, installed
from index.manifest import read_manifest
from tests.record.conftest import build, index_in, lexicon, release_in

RANKER: Ranker = shipped_ranker("outpatient")


def keeper(data: Path) -> ArtifactKeeper:
    return ArtifactKeeper(data, Archive(archive_folder(data)))


def test_names_are_the_same_with_and_without_an_archive(data: Path) -> None:
    release, manifest = release_in(data), read_manifest(index_in(data))
    named = ArtifactKeeper(data, None).keep(release, manifest, "outpatient", RANKER)
    assert not archive_folder(data).exists()
    assert keeper(data).keep(release, manifest, "outpatient", RANKER) == named
    assert {named.release, named.index, named.ranker, named.knowledge} <= installed(data)
    assert {one.digest for one in Archive(archive_folder(data)).sets()} == {named.release, named.index, named.ranker, named.knowledge}
    assert index_release(Archive(archive_folder(data)), named.index) == release.sha256


def test_an_index_rebuilt_since_it_was_opened_is_refused(data: Path) -> None:
    release, manifest = release_in(data), read_manifest(index_in(data))
    build(data, lexicon("I15.9"))
    with pytest.raises(ConfigurationError, match="rebuilt since it was opened"):
        keeper(data).keep(release, manifest, "outpatient", RANKER)


def test_what_was_kept_once_stays_known_when_its_folder_changes(data: Path) -> None:
    release, manifest = release_in(data), read_manifest(index_in(data))
    kept = keeper(data)
    first = kept.keep(release, manifest, "outpatient", RANKER)
    build(data, lexicon("I15.9"))
    shutil.rmtree(data / "releases")
    assert kept.keep(release, manifest, "outpatient", RANKER) == first


def test_a_rebuilt_index_shares_its_encoder(data: Path) -> None:
    release, folder = release_in(data), index_in(data)
    for words in (lexicon(), lexicon("I15.9"), lexicon()):
        manifest = build(data, words)
        keeper(data).keep(release, manifest, "outpatient", RANKER)
    archive = Archive(archive_folder(data))
    indexes = [one for one in archive.sets() if one.kind == "index"]
    assert len(indexes) == 2 and len({one.files["encoder.onnx"] for one in indexes}) == 1
    assert archive.blob(manifest.files["encoder.onnx"]).stat().st_size == (folder / "encoder.onnx").stat().st_size


def test_a_folder_that_cannot_take_artifacts_is_a_configuration_error(data: Path) -> None:
    archive_folder(data).write_text("a file")
    with pytest.raises(ConfigurationError, match="artifacts cannot be kept"):
        keeper(data).keep_releases([release_in(data)])
