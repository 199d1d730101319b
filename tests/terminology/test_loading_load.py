"""Loading is one step: killed, interrupted, out of space, or raced, the old state stands or the new one does."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import official_files as made
import pytest
from official_files import order, tabular, zipped

from terminology.codebook import Codebook
from terminology.installation import installed_manifests, open_catalogue, releases_folder, write_durably
from terminology.loading.failure import LoadError
from terminology.loading.load import Loader, loading_idle, remove_release
from terminology.loading.preparation import LoadRequest
from terminology.loading.vocabulary_tools import VocabularyTools
from terminology.release import Release
from terminology.vocabulary import IndexedPhrase, Vocabulary

HERE = Path(__file__).parent
OTHER = made.BODY.replace("Essential (primary) hypertension", "Hypertension of another edition")


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the embedded release compiled, to copy from."""
    data = tmp_path_factory.mktemp("data")
    open_catalogue(data)
    return data


@pytest.fixture
def data(prepared_data: Path, tmp_path: Path) -> Path:
    """A data directory of one's own; the files of the embedded release are links."""
    for path in prepared_data.rglob("*"):
        target = tmp_path / "data" / path.relative_to(prepared_data)
        if path.is_dir():
            target.mkdir(parents=True)
        elif not path.name.startswith("."):
            target.hardlink_to(path)
    return tmp_path / "data"


def loader(data: Path, **seams: object) -> Loader:
    return Loader(data, **({"build_index": lambda release: None, "report": lambda stage, done, total: None} | seams))  # type: ignore[arg-type]


def file_with(folder: Path, text: str, name: str = "icd10cm_tabular_2030.xml") -> LoadRequest:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return LoadRequest(folder)


def visible(data: Path) -> list[str]:
    return sorted(path.name for path in releases_folder(data).iterdir() if not path.name.endswith(".lock"))


def test_a_loaded_release_opens_with_what_it_was_made_from(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "april-1-2030.zip"
    archive.write_bytes(zipped({"icd10cm_tabular_2030.xml": tabular(), "icd10cm_order_2030.txt": order()}))
    loaded = loader(data).load(LoadRequest(archive))
    assert (loaded.release.id, loaded.was_there) == ("2030-04-01", False)
    assert visible(data) == ["2026-04-01", "2030-04-01"]
    opened = open_catalogue(data).get("2030-04-01")
    assert (opened.title, opened.effective_to) == ("ICD-10-CM FY2030, April 2030 update", date(2030, 9, 30))
    assert (opened.sha256, len(opened.codebook)) == (loaded.release.sha256, made.CODES)
    manifest = installed_manifests(data)["2030-04-01"]
    assert (manifest.codes, manifest.billable) == (made.CODES, made.BILLABLE)
    assert [(one.name.rsplit("/", 1)[1], one.role, one.size) for one in manifest.sources] == [
        ("icd10cm_tabular_2030.xml", "tabular list", len(tabular())),
        ("icd10cm_order_2030.txt", "order file", len(order())),
    ]
    assert loader(data).load(LoadRequest(archive)).was_there


def test_the_vocabulary_is_kept_beside_the_list(data: Path, tmp_path: Path) -> None:
    def load_fake(content: bytes) -> Vocabulary:
        return Vocabulary(tuple(IndexedPhrase(*row) for row in json.loads(content)), "5" * 64)

    def dump_fake(vocabulary: Vocabulary) -> bytes:
        return json.dumps([[one.phrase, list(one.codes), one.table, list(one.path)] for one in vocabulary.phrases]).encode()

    def compile_fake(tables: object, codebook: Codebook) -> Vocabulary:
        return Vocabulary((IndexedPhrase("a", ("I10",), "index", ("a",)), IndexedPhrase("b", ("I42.0",), "index", ("b",))), "5" * 64)

    tools = VocabularyTools(compile_fake, dump_fake, load_fake)
    request = file_with(tmp_path / "whole", tabular())
    (request.path / "index.xml").write_text(made.INDEX)
    loading = loader(data, tools=tools)
    assert loading.load(request).release.vocabulary is not None
    home = releases_folder(data) / "2029-10-01"
    name, _ = installed_manifests(data)["2029-10-01"].files["vocabulary"]
    assert [one.phrase for one in load_fake((home / name).read_bytes()).phrases] == ["a", "b"]
    changes = tmp_path / "changes"
    changes.mkdir()
    (changes / "deleted.txt").write_text("I42.0\n")
    overlay = loading.load(LoadRequest(changes, date(2030, 10, 1))).release
    assert overlay.vocabulary is not None
    assert [one.phrase for one in overlay.vocabulary.phrases] == ["a"]


def test_another_edition_of_the_same_date_takes_the_place_of_the_first(data: Path, tmp_path: Path) -> None:
    loader(data).load(file_with(tmp_path / "old", tabular()))
    seen: list[str] = []

    def build(release: Release) -> None:
        seen.append(open_catalogue(data).get(release.id).codebook.title("I10"))

    loader(data, build_index=build).load(file_with(tmp_path / "new", tabular(body=OTHER)))
    assert seen == ["Essential (primary) hypertension"]
    assert open_catalogue(data).get("2029-10-01").codebook.title("I10") == "Hypertension of another edition"
    assert len(list((releases_folder(data) / "2029-10-01").iterdir())) == 2


def test_the_official_files_of_the_embedded_release_take_its_place_and_give_it_back(data: Path, tmp_path: Path) -> None:
    request = replace(file_with(tmp_path / "official", tabular("2026"), "tabular.xml"), first=date(2026, 4, 1))
    with pytest.raises(LoadError, match="2026-04-01 is the embedded one and cannot be removed"):
        remove_release(data, "2026-04-01", lambda: None)
    loader(data).load(request)
    assert len(open_catalogue(data).newest.codebook) == made.CODES
    remove_release(data, "2026-04-01", lambda: None)
    assert len(open_catalogue(data).newest.codebook) == 98_186


# ------------------------------------------------------------------------------------------------------------------------ accidents


def test_a_full_disk_leaves_nothing(data: Path, tmp_path: Path) -> None:
    written: list[Path] = []

    def fill(path: Path, content: bytes) -> None:
        written.append(path)
        if path.name == "manifest.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        write_durably(path, content)

    before = visible(data)
    with pytest.raises(OSError, match="No space left"):
        loader(data, write=fill).load(file_with(tmp_path, tabular()))
    assert len(written) == 2
    assert visible(data) == before


def test_an_index_that_cannot_be_built_leaves_the_release_out(data: Path, tmp_path: Path) -> None:
    def fail(release: Release) -> None:
        raise RuntimeError("no index")

    before = visible(data)
    with pytest.raises(RuntimeError):
        loader(data, build_index=fail).load(file_with(tmp_path, tabular()))
    assert visible(data) == before


def test_refused_files_leave_nothing(data: Path, tmp_path: Path) -> None:
    before = visible(data)
    with pytest.raises(LoadError):
        loader(data).load(file_with(tmp_path, "<broken"))
    assert visible(data) == before


KILLED = """
import sys, time
from pathlib import Path
from terminology.installation import write_durably
from terminology.loading.load import Loader
from terminology.loading.preparation import LoadRequest
def stop(here):
    if here == {point!r}:
        print("there", flush=True)
        time.sleep(60)
def write(path, content):
    stop("before " + path.name.split("-")[0])
    write_durably(path, content)
Loader(Path({data!r}), lambda release: stop("index"), lambda stage, done, total: stop(stage), write).load(LoadRequest(Path({source!r})))
"""


@pytest.mark.parametrize("point", ["read", "validate", "expand", "before tabular", "before manifest.json", "index"])
def test_a_load_killed_anywhere_leaves_the_old_state_and_the_next_one_clears_up(data: Path, tmp_path: Path, point: str) -> None:
    loader(data).load(file_with(tmp_path / "old", tabular()))
    request = file_with(tmp_path / "new", tabular(body=OTHER))
    script = KILLED.format(point=point, data=str(data), source=str(request.path))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        process.send_signal(signal.SIGKILL)
    assert open_catalogue(data).get("2029-10-01").codebook.title("I10") == "Essential (primary) hypertension"
    loader(data).load(request)
    assert visible(data) == ["2026-04-01", "2029-10-01"]
    assert open_catalogue(data).get("2029-10-01").codebook.title("I10") == "Hypertension of another edition"


def test_loads_at_once_wait_for_each_other_and_a_reader_sees_one_or_the_other(data: Path, tmp_path: Path) -> None:
    requests = [file_with(tmp_path / str(n), tabular(body=made.BODY.replace("(primary)", f"({n})"))) for n in range(4)]
    loader(data).load(requests[0])
    at_work: list[int] = []
    home = releases_folder(data) / "2029-10-01"
    done = threading.Event()

    def build(release: Release) -> None:
        at_work.append(1)
        assert len(at_work) == 1
        with loading_idle(data) as is_idle:
            assert not is_idle
        at_work.pop()

    def read() -> int:
        from terminology.installation import open_release

        count = 0
        while not done.is_set():
            assert open_release(home).codebook.title("I10").startswith("Essential (")
            count += 1
        return count

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for future in [pool.submit(loader(data, build_index=build).load, requests[n % 4]) for n in range(12)]:
            future.result()
        done.set()
        assert all(reader.result() for reader in readers)
    assert visible(data) == ["2026-04-01", "2029-10-01"]
    with loading_idle(data) as is_idle:
        assert is_idle


# ------------------------------------------------------------------------------------------------------------------------- removing


def test_a_removed_release_is_gone_with_its_index(data: Path, tmp_path: Path) -> None:
    loader(data).load(file_with(tmp_path, tabular()))
    remaining: list[list[str]] = []
    remove_release(data, "2029-10-01", lambda: remaining.append(list(installed_manifests(data))))
    assert remaining == [["2026-04-01"]]
    assert visible(data) == ["2026-04-01"]


@pytest.mark.parametrize("name", ["2029-10-01", "", ".", "..", "../data", ".lock", "/etc"])
def test_only_an_installed_release_can_be_removed(data: Path, name: str) -> None:
    with pytest.raises(LoadError, match="is loaded; loaded are: 2026-04-01"):
        remove_release(data, name, lambda: None)


def test_a_damaged_release_can_be_removed(data: Path, tmp_path: Path) -> None:
    loader(data).load(file_with(tmp_path, tabular()))
    home = releases_folder(data) / "2029-10-01"
    (home / "manifest.json").write_text("{")
    with pytest.raises(ValueError, match="run `fhir-coder terminology remove 2029-10-01`"):
        open_catalogue(data)
    remove_release(data, "2029-10-01", lambda: None)
    assert [release.id for release in open_catalogue(data).releases] == ["2026-04-01"]
