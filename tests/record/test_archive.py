"""Artifacts by hash: whole sets only, each file once, nothing doubled, whatever interrupts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from fhir_coder.record.archive import Archive, ArtifactMissing, FileSet, Source


def sources(folder: Path, is_final: bool = True, **contents: str) -> dict[str, Source]:
    """Files of a folder by name."""
    folder.mkdir(exist_ok=True)
    found = {}
    for name, text in contents.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        found[name] = Source(sha256(text.encode()).hexdigest(), path.read_bytes, path if is_final else None)
    return found


def laid_out(archive: Archive, kept: FileSet, folder: Path) -> dict[str, str]:
    archive.lay_out(kept, folder)
    return {path: (folder / path).read_text(encoding="utf-8") for path in kept.files}


def blobs(archive_folder: Path) -> list[Path]:
    return sorted(archive_folder.glob("blobs/*/*"))


def test_a_set_comes_back_whatever_becomes_of_its_origin(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "artifacts")
    files = sources(tmp_path / "index", words="heel spur", terms="htn")
    digest = archive.keep("index", "2026-04-01", files)
    for path in (tmp_path / "index").iterdir():
        path.unlink()
    kept = archive.find("index", digest)
    assert (kept.kind, kept.name, kept.digest) == ("index", "2026-04-01", digest)
    assert laid_out(archive, kept, tmp_path / "again") == {"words": "heel spur", "terms": "htn"}


def test_final_files_are_linked_and_others_copied(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "artifacts")
    final, edited = sources(tmp_path / "index", words="a"), sources(tmp_path / "knowledge", False, table="b")
    archive.keep("index", "", final)
    archive.keep("knowledge", "", edited)
    assert archive.blob(final["words"].sha256).samefile(tmp_path / "index" / "words")
    (tmp_path / "knowledge" / "table").write_text("written in place")
    assert archive.blob(edited["table"].sha256).read_text() == "b"


def test_a_link_to_a_folder_that_is_itself_a_link_is_of_the_file(tmp_path: Path) -> None:
    files = sources(tmp_path / "real", words="a")
    (tmp_path / "index").symlink_to(tmp_path / "real")
    path = tmp_path / "index" / "words"
    archive = Archive(tmp_path / "artifacts")
    archive.keep("index", "", {"words": Source(files["words"].sha256, path.read_bytes, path)})
    assert not archive.blob(files["words"].sha256).is_symlink()


def test_keeping_twice_changes_nothing_and_equal_files_stand_once(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "artifacts")
    first = sources(tmp_path / "a", encoder="same", words="one")
    digest = archive.keep("index", "a", first)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "artifacts").rglob("*") if path.is_file()}
    assert archive.keep("index", "a", first) == digest
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "artifacts").rglob("*") if path.is_file()} == before
    assert archive.keep("index", "a", sources(tmp_path / "b", encoder="same", words="two")) != digest
    assert len(blobs(tmp_path / "artifacts")) == 3


def test_a_blob_that_was_lost_is_kept_again_with_the_next_start(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "artifacts")
    files = sources(tmp_path / "index", words="a")
    digest = archive.keep("index", "", files)
    archive.blob(files["words"].sha256).unlink()
    archive.keep("index", "", files)
    assert laid_out(archive, archive.find("index", digest), tmp_path / "again") == {"words": "a"}


def test_what_is_gone_or_damaged_is_named(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "artifacts")
    files = sources(tmp_path / "index", words="a", terms="b")
    digest = archive.keep("index", "", files)
    with pytest.raises(ArtifactMissing, match="release 000000000000 is not among the kept artifacts"):
        archive.find("release", "0" * 64)
    blob = archive.blob(files["words"].sha256)
    blob.unlink()
    with pytest.raises(ArtifactMissing, match="words is gone"):
        archive.lay_out(archive.find("index", digest), tmp_path / "1")
    blob.write_text("something else")
    with pytest.raises(ArtifactMissing, match="words is damaged"):
        archive.lay_out(archive.find("index", digest), tmp_path / "2")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": "", "files": {"words": "0"}}'])
def test_a_damaged_list_is_never_believed(tmp_path: Path, content: str) -> None:
    archive = Archive(tmp_path / "artifacts")
    digest = archive.keep("index", "", sources(tmp_path / "index", words="a"))
    (tmp_path / "artifacts" / "index" / f"{digest}.json").write_text(content)
    with pytest.raises(ArtifactMissing):
        archive.find("index", digest)
    assert list(archive.sets()) == []


def test_a_file_that_is_not_what_its_hash_says_is_not_kept(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "artifacts")
    (tmp_path / "words").write_text("rebuilt meanwhile")
    for source in (Source("0" * 64, lambda: b"other"), Source("0" * 64, lambda: b"", tmp_path / "words")):
        with pytest.raises(ArtifactMissing, match="changed while it was being kept"):
            archive.keep("knowledge", "", {"table": source})
    assert list(archive.sets()) == [] and blobs(tmp_path / "artifacts") == []


KILLED = """
import sys, time
from hashlib import sha256
from pathlib import Path
from fhir_coder.record.archive import Archive, Source
def stall():
    print("there", flush=True)
    time.sleep(60)
source = lambda text, read: Source(sha256(text).hexdigest(), read)
Archive(Path(sys.argv[1])).keep("index", "", {"first": source(b"a", lambda: b"a"), "second": source(b"b", stall)})
"""


def test_killed_halfway_no_set_is_there_and_the_next_attempt_completes_it(tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "there\n"
        process.send_signal(signal.SIGKILL)
    archive = Archive(folder)
    assert len(blobs(folder)) == 1 and list(archive.sets()) == []
    digest = archive.keep("index", "", sources(tmp_path / "index", first="a", second="b"))
    assert laid_out(archive, archive.find("index", digest), tmp_path / "again") == {"first": "a", "second": "b"}


def test_processes_that_keep_at_once_agree(tmp_path: Path) -> None:
    script = KILLED.replace("time.sleep(60)", "time.sleep(0.3); return b'b'")
    start = [sys.executable, "-c", script, str(tmp_path / "artifacts")]
    processes = [subprocess.Popen(start, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [process.wait(30) for process in processes] == [0, 0, 0, 0]
    archive = Archive(tmp_path / "artifacts")
    (kept,) = archive.sets()
    assert laid_out(archive, kept, tmp_path / "again") == {"first": "a", "second": "b"}
    assert len(blobs(tmp_path / "artifacts")) == 2


def test_dropping_a_set_leaves_the_files_that_others_need(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "artifacts")
    old = archive.find("index", archive.keep("index", "old", sources(tmp_path / "a", encoder="same", words="before")))
    new = archive.find("index", archive.keep("index", "new", sources(tmp_path / "b", encoder="same", words="now")))
    assert archive.drop([old]) == len("before")
    assert list(archive.sets()) == [new]
    assert laid_out(archive, new, tmp_path / "again") == {"encoder": "same", "words": "now"}
    assert (tmp_path / "a" / "words").read_text() == "before"


def test_nothing_is_seized_while_somebody_holds_it(tmp_path: Path) -> None:
    first, second = Archive(tmp_path / "artifacts"), Archive(tmp_path / "artifacts")
    first.hold()
    second.hold()
    assert not Archive(tmp_path / "artifacts").seize()
    del first, second
    assert Archive(tmp_path / "artifacts").seize()


def test_lists_are_plain_json_for_other_tools(tmp_path: Path) -> None:
    digest = Archive(tmp_path / "artifacts").keep("index", "x", sources(tmp_path / "index", words="a"))
    stored = json.loads((tmp_path / "artifacts" / "index" / f"{digest}.json").read_text())
    assert stored == {"name": "x", "files": {"words": sha256(b"a").hexdigest()}}
