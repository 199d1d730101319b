from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from index_excerpt import entry, lexicon, release

from index.build import build_index, needs_build
from index.manifest import MANIFEST_FILE, ManifestMismatch, hash_files, read_manifest, word_lists_sha256
from index.model import Model
from index.open import open_index
from terminology.knowledge import REPLACED_BY
from terminology.vocabulary import IndexedPhrase, Vocabulary

HERE = Path(__file__).parent


@pytest.fixture
def copied(built: Path, tmp_path: Path) -> Path:
    """A private copy of the session's index."""
    return Path(shutil.copytree(built, tmp_path / built.name))


def quiet(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def test_a_build_is_current_until_an_input_changes(built: Path, model: Model, tmp_path: Path) -> None:
    assert not needs_build(built, release(), model, lexicon())
    assert needs_build(tmp_path / "none", release(), model, lexicon())
    assert needs_build(built, release("2" * 64), model, lexicon())
    assert needs_build(built, release(), model, lexicon(sha256="3" * 64))
    assert needs_build(built, release(), Model(model.name, model.folder, "4" * 64, model.tokenizer_sha256), lexicon())


def test_index_tables_are_an_input_of_the_build(built: Path, copied: Path, model: Model) -> None:
    phrases = (IndexedPhrase("cardiac flux", ("I10",), "index", ("Flux", "cardiac")),)
    fuller = replace(release(), vocabulary=Vocabulary(phrases, "5" * 64))
    assert needs_build(built, fuller, model, lexicon())
    with pytest.raises(ManifestMismatch, match="index tables changed"):
        open_index(built, fuller, lexicon())
    manifest = build_index(copied, fuller, model, quiet, lexicon())
    assert (manifest.vocabulary_sha256, manifest.counts["index phrases"]) == ("5" * 64, 1)
    assert not needs_build(copied, fuller, model, lexicon())
    assert needs_build(copied, release(), model, lexicon())
    opened = open_index(copied, fuller, lexicon())
    assert [(match.codes, match.source) for match in opened.find_terms("Cardiac flux today.")] == [(("I10",), "index:I10")]


def test_an_index_built_before_there_were_tables_stays_current(copied: Path, model: Model) -> None:
    stored = json.loads((copied / MANIFEST_FILE).read_text())
    del stored["vocabulary_sha256"]
    (copied / MANIFEST_FILE).write_text(json.dumps(stored))
    assert not needs_build(copied, release(), model, lexicon())


def test_an_index_built_with_other_word_lists_is_stale(copied: Path, model: Model) -> None:
    stored = json.loads((copied / MANIFEST_FILE).read_text())
    for other in ("", "6" * 64):
        (copied / MANIFEST_FILE).write_text(json.dumps(stored | {"word_lists_sha256": other}))
        assert needs_build(copied, release(), model, lexicon())
    with pytest.raises(ManifestMismatch, match="word lists changed"):
        open_index(copied, release(), lexicon())


def test_every_word_list_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(HERE.parents[1] / "index", tmp_path / "index", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setenv(REPLACED_BY, str(tmp_path))
    digests = {word_lists_sha256()}
    for name in ("qualifiers.txt", "stoplist.txt", "everyday.txt", "names.txt"):
        with (tmp_path / "index" / name).open("a", encoding="utf-8") as file:
            file.write("# more\n")
        digests.add(word_lists_sha256())
    assert len(digests) == 5


def test_the_manifest_names_every_file_with_its_hash(built: Path) -> None:
    manifest = read_manifest(built)
    assert manifest.files == hash_files(built)
    assert {"vectors.npy", "encoder.onnx", "tokenizer.json", "terms.json"} <= manifest.files.keys()
    assert not [name for name in manifest.files if name.endswith((".pkl", ".pickle"))]
    assert manifest.counts["documents"] >= manifest.counts["vectors"] > 1000


@pytest.mark.parametrize(
    ("other_release", "other_lexicon", "named"),
    [("2" * 64, "1" * 64, "release"), ("0" * 64, "3" * 64, "lexicon")],
    ids=["release", "lexicon"],
)
def test_another_release_or_lexicon_is_refused(built: Path, other_release: str, other_lexicon: str, named: str) -> None:
    with pytest.raises(ManifestMismatch, match=rf"{named} changed .*; run `fhir-coder index build`"):
        open_index(built, release(other_release), lexicon(sha256=other_lexicon))


def test_another_builder_version_is_refused(copied: Path) -> None:
    stored = json.loads((copied / MANIFEST_FILE).read_text())
    (copied / MANIFEST_FILE).write_text(json.dumps(stored | {"builder": "0"}))
    with pytest.raises(ManifestMismatch, match="builder version changed"):
        open_index(copied, release(), lexicon())


@pytest.mark.parametrize("name", ["vectors.npy", "terms.json", "encoder.onnx"])
def test_a_damaged_or_missing_file_is_refused(copied: Path, name: str) -> None:
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    with pytest.raises(ManifestMismatch, match=f"{name} is damaged.*fhir-coder index build"):
        open_index(copied, release(), lexicon())
    (copied / name).unlink()
    with pytest.raises(ManifestMismatch, match=f"{name} is missing"):
        open_index(copied, release(), lexicon())


@pytest.mark.parametrize("content", ["", "[]", '{"builder": "1"}', "{"])
def test_an_unreadable_manifest_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(ManifestMismatch, match="no index in"):
        open_index(tmp_path, release(), lexicon())
    (tmp_path / MANIFEST_FILE).write_text(content)
    with pytest.raises(ManifestMismatch, match="cannot be read"):
        open_index(tmp_path, release(), lexicon())


def test_a_rebuild_computes_only_new_texts_and_changes_nothing_else(copied: Path, model: Model) -> None:
    before = read_manifest(copied)
    told: list[tuple[str, int, int]] = []
    after = build_index(copied, release(), model, lambda *step: told.append(step), lexicon())
    assert after == before
    assert ("embed", 0, 0) in told
    grown = build_index(
        copied, release(), model, lambda *step: told.append(step), lexicon(entry("policeman heel", "M72.2"), sha256="5" * 64)
    )
    assert ("embed", 1, 1) in told
    assert grown.files["encoder.onnx"] == before.files["encoder.onnx"]
    index = open_index(copied, release(), lexicon(sha256="5" * 64))
    assert index.search(["policeman heel"], 1)[0][0].code == "M72.2"
    assert [stage for stage, _, _ in told[:3]] == ["export", "export", "embed"]


KILLED = """
import sys, time
sys.path.insert(0, {here!r})
from pathlib import Path
from index_excerpt import lexicon, release
from index.build import build_index
from index.model import packaged_model
def progress(stage, done, total):
    if stage == {stage!r}:
        print("there", flush=True)
        time.sleep(60)
build_index(Path({folder!r}), release("7" * 64), packaged_model(), progress, lexicon())
"""


def kill_a_build(folder: Path, stage: str) -> None:
    """Start a build in another process and kill it when it reports a stage."""
    script = KILLED.format(here=str(HERE), folder=str(folder), stage=stage)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("stage", ["words", "files"])
def test_a_killed_build_leaves_the_old_index_and_the_next_build_clears_up(copied: Path, model: Model, stage: str) -> None:
    kill_a_build(copied, stage)
    assert [path.name for path in copied.parent.iterdir() if ".building-" in path.name]
    assert open_index(copied, release(), lexicon()).find_terms("htn")
    build_index(copied, release("7" * 64), model, quiet, lexicon())
    assert sorted(path.name for path in copied.parent.iterdir()) == [f".{copied.name}.lock", copied.name]
    assert open_index(copied, release("7" * 64), lexicon()).find_terms("htn")


def test_a_replacement_killed_between_its_renames_is_undone(copied: Path, model: Model) -> None:
    copied.rename(copied.parent / f".{copied.name}.replaced")
    told: list[tuple[str, int, int]] = []
    build_index(copied, release(), model, lambda *step: told.append(step), lexicon())
    assert ("embed", 0, 0) in told
    assert open_index(copied, release(), lexicon()).find_terms("htn")


def test_a_failing_build_leaves_nothing_behind(tmp_path: Path, model: Model) -> None:
    def fail(stage: str, done: int, total: int) -> None:
        raise RuntimeError(stage)

    with pytest.raises(RuntimeError, match="export"):
        build_index(tmp_path / "new", release(), model, fail, lexicon())
    assert [path.name for path in tmp_path.iterdir()] == [".new.lock"]


def test_files_are_readable_by_the_account_that_serves(built: Path) -> None:
    assert built.stat().st_mode & 0o755 == 0o755
