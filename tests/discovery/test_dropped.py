"""Files of encounter ids: what is read of them, and the folder that they are dropped into."""

from __future__ import annotations

import fcntl
import os
import socket
import string
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_coder.discovery.drop_folder import QUIET_S, DropFolder
from fhir_coder.discovery.dropped import LONGEST_BYTES, MOST_ENCOUNTERS, NotTaken, read_dropped
from fhir_coder.discovery.watched import Found
from fhir_coder.fhir_id import is_addressable

KNOWN = {"main", "archive"}
IDS = st.text(string.ascii_letters + string.digits + "-.", min_size=1, max_size=64).filter(
    lambda one: one.lower() not in {"encounter", ".", ".."}
)

TAKEN = {
    "one a line": (b"e1\ne2\n", {"main": ["e1", "e2"]}),
    "windows": (b"\xef\xbb\xbfe1\r\ne2\r\n\r\n", {"main": ["e1", "e2"]}),
    "remarks and types": (b"# of today\n  Encounter/e1  \ne1\n", {"main": ["e1"]}),
    "one column": (b"encounter\ne1\n", {"main": ["e1"]}),
    "two columns": (b"ehr,encounter\nmain,e1\narchive,e2\n,e3\n", {"main": ["e1", "e3"], "archive": ["e2"]}),
    "the other order, quoted": (b'Encounter,EHR\n"e1","archive"\n', {"archive": ["e1"]}),
    "all of it quoted": (b'"ehr","encounter"\n"main","e1"\n"archive","e2"\n', {"main": ["e1"], "archive": ["e2"]}),
    "a quoted column": (b'"Encounter"\r\n"Encounter/e1"\r\n', {"main": ["e1"]}),
}


@pytest.mark.parametrize(("content", "found"), TAKEN.values(), ids=TAKEN.keys())
def test_what_is_read(content: bytes, found: dict[str, list[str]]) -> None:
    assert read_dropped(content, "main", KNOWN) == {ehr: [Found(one) for one in ids] for ehr, ids in found.items()}


REFUSED = {
    "nothing": (b"\n# nothing\n", "names no encounter"),
    "a header alone": (b"ehr,encounter\n", "names no encounter"),
    "a name": (b"e1\nMrs. Zwiebel\n", "line 2 is no id"),
    "no header": (b"main,e1\n", "line 1 is no id"),
    "another column": (b"encounter,patient\ne1,p1\n", "the header is of encounter and ehr"),
    "a column twice": (b"encounter,encounter\ne1,e1\n", "the header is of encounter and ehr"),
    "too few": (b"ehr,encounter\nmain\n", "line 2 has 1 columns, the header 2"),
    "an unknown EHR": (b"ehr,encounter\nZwiebel,e1\n", "line 2 names an EHR"),
    "a torn quote in the header": (b'"ehr,encounter\nmain,e1\n', "line 1 is no id"),
    "a torn quote": (b'ehr,encounter\nmain,"e1\n', "line 2 is no CSV"),
    "no text": (b"e1\n\xff\xfe\n", "not UTF-8"),
    "too long an id": (b"e" * 65, "line 1 is no id"),
    "too large": (b"e1\n" * (LONGEST_BYTES // 3 + 1), "larger than"),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_taken_and_says_why_without_repeating_it(content: bytes, reason: str) -> None:
    with pytest.raises(NotTaken, match=reason) as refused:
        read_dropped(content, "main", KNOWN)
    assert "Zwiebel" not in str(refused.value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(sorted(KNOWN)), IDS), min_size=1, max_size=20), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_is_written_is_what_is_read(rows: list[tuple[str, str]], end: str, is_reversed: bool) -> None:
    lines = ["encounter,ehr" if is_reversed else "ehr,encounter", *(f"{two},{one}" if is_reversed else f"{one},{two}" for one, two in rows)]
    read = read_dropped(end.join(lines).encode(), "main", KNOWN)
    assert sorted((ehr, one.encounter) for ehr, found in read.items() for one in found) == sorted(set(rows))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200))
def test_whatever_it_holds_it_is_read_or_refused(content: bytes) -> None:
    try:
        read = read_dropped(content, "main", KNOWN)
    except NotTaken:
        return
    assert read and all(ehr in KNOWN and is_addressable(one.encounter) for ehr, found in read.items() for one in found)


# ---------------------------------------------------------------------------------------------------------------- the folder


@pytest.fixture
def noted() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def folder(tmp_path: Path, noted: list[tuple[str, str]]) -> DropFolder:
    """A minute after everything was written."""
    note = lambda ehr, found: noted.extend((ehr, one.encounter) for one in found)  # noqa: E731
    return DropFolder(tmp_path, "main", KNOWN, note, lambda: time.time() + 60)


def lying(folder: DropFolder, name: str) -> list[str]:
    """What lies there, without what was put before the names."""
    return sorted(one.name.partition("-")[2] for one in (folder.folder / name).iterdir())


def test_a_file_is_taken_once_and_kept(folder: DropFolder, noted: list[tuple[str, str]]) -> None:
    (folder.folder / "day.txt").write_text("e1\ne2\n")
    (folder.folder / "bad.txt").write_text("not an id\n")
    swept = folder.sweep()
    assert (swept.files, swept.refused, swept.encounters) == (1, 1, 2)
    assert noted == [("main", "e1"), ("main", "e2")]
    assert (lying(folder, "done"), lying(folder, "refused")) == (["day.txt"], ["bad.txt", "bad.txt.reason"])
    (reason,) = (folder.folder / "refused").glob("*.reason")
    assert reason.read_text() == "line 1 is no id of an encounter\n"
    assert swept.problems == ["1 dropped files were refused; the reasons lie beside them"]
    assert folder.sweep().files == 0
    (folder.folder / "day.txt").write_text("e3\n")
    folder.sweep()
    assert lying(folder, "done") == ["day.txt", "day.txt"]


@pytest.mark.parametrize("name", [".day.txt", "day.part", "day.csv.tmp"])
def test_what_is_being_written_is_left_alone(folder: DropFolder, noted: list[tuple[str, str]], name: str) -> None:
    (folder.folder / name).write_text("e1\n")
    (folder.folder / "sub").mkdir()
    folder.sweep()
    assert noted == [] and (folder.folder / name).exists()


def socket_at(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


NO_FILES: dict[str, Callable[[Path, Path], object]] = {
    "a link to a file": lambda path, secret: path.symlink_to(secret),
    "a link to a folder": lambda path, secret: path.symlink_to(secret.parent),
    "a link to nothing": lambda path, secret: path.symlink_to("/nowhere"),
    "a link to a device": lambda path, secret: path.symlink_to("/dev/zero"),
    "a pipe": lambda path, secret: os.mkfifo(path),
    "a socket": lambda path, secret: socket_at(path),
}


@pytest.mark.parametrize("make", NO_FILES.values(), ids=NO_FILES.keys())
def test_what_is_no_file_leads_nowhere(
    folder: DropFolder, noted: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory, make: Callable[[Path, Path], object]
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_text("e1\n")
    make(folder.folder / "x", secret)
    folder.sweep()
    assert noted == [] and secret.read_text() == "e1\n"
    assert lying(folder, "refused") == ["x", "x.reason"]


HARMFUL = {
    "ids that are paths": b"../../Patient/p1\n",
    "an id that is dots alone": b"..\n",
    "ids that are URLs of another host": b"https://evil.example.org/fhir/Encounter/e1\n",
    "ids with a query": b"e1?_include=Encounter:patient\n",
    "ids with a line of their own": b'encounter\n"e1\re2"\n',
    "a formula": b"encounter\n=HYPERLINK(A1)\n",
    "more ids than any day has": b"".join(b"e%d\n" % number for number in range(MOST_ENCOUNTERS + 1)),
    "a file larger than allowed": b"#" * (LONGEST_BYTES + 1),
    "bytes that are no text": bytes(range(256)),
    "UTF-16": "e1\n".encode("utf-16"),
    "zeros": b"e1\0\n",
    "an EHR of another tenant": b"ehr,encounter\nother,e1\n",
}


@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL.keys())
def test_a_file_that_means_harm_is_refused_as_a_whole(folder: DropFolder, noted: list[tuple[str, str]], content: bytes) -> None:
    (folder.folder / "x").write_bytes(content)
    folder.sweep()
    assert noted == []
    assert lying(folder, "refused") == ["x", "x.reason"]


def test_a_file_that_is_being_written_to_is_taken_when_it_is_whole(folder: DropFolder, noted: list[tuple[str, str]]) -> None:
    path, written = folder.folder / "day.txt", time.time()
    path.write_text("e1\ne2")
    for seconds in (0.0, QUIET_S - 1):
        assert replace(folder, now=lambda late=seconds: written + late).sweep().files == 0 and noted == []
    with path.open("a") as file:
        file.write("3\n")
    assert folder.sweep().files == 1 and noted == [("main", "e1"), ("main", "e23")]


@pytest.mark.parametrize("name", ["taking", "done", "refused"])
def test_a_folder_of_ours_that_leads_elsewhere_is_not_used(
    folder: DropFolder, noted: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder.folder / name).symlink_to(elsewhere)
    (folder.folder / "day.txt").write_text("e1\n")
    assert folder.sweep().problems == ["the folder of way drop cannot be used (NotADirectoryError)"]
    assert noted == [] and list(elsewhere.iterdir()) == []


def test_what_another_process_is_taking_is_its_own(folder: DropFolder, noted: list[tuple[str, str]]) -> None:
    folder.sweep()
    path = folder.folder / "taking" / "abc-day.txt"
    path.write_text("e1\n")
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert folder.sweep().files == 0 and noted == []
    assert folder.sweep().files == 1  # it died, and the file is taken by the next
    assert noted == [("main", "e1")]


def test_a_file_that_cannot_be_taken_keeps_no_other_waiting(folder: DropFolder, noted: list[tuple[str, str]]) -> None:
    """As one that we may not read, or move; here its reason cannot be laid beside it."""
    folder.sweep()
    (folder.folder / "taking" / "a").write_text("no id\n")
    (folder.folder / "refused" / "a.reason").mkdir()
    (folder.folder / "day.txt").write_text("e1\n")
    swept = folder.sweep()
    assert (swept.is_swept, swept.files, noted) == (True, 1, [("main", "e1")])
    assert swept.problems == ["1 dropped files could not be taken (IsADirectoryError); they are tried again"]
    (folder.folder / "refused" / "a.reason").rmdir()
    assert folder.sweep().refused == 1


def test_what_cannot_be_kept_is_taken_another_time(folder: DropFolder, noted: list[tuple[str, str]]) -> None:
    (folder.folder / "day.txt").write_text("e1\n")

    def fails(ehr: str, found: list[Found]) -> None:
        raise RuntimeError("no database")

    with pytest.raises(RuntimeError):
        DropFolder(folder.folder, "main", KNOWN, fails, folder.now).sweep()
    assert folder.sweep().encounters == 1 and noted == [("main", "e1")]


def test_long_names_and_a_folder_that_is_not_there(folder: DropFolder, tmp_path: Path) -> None:
    (folder.folder / ("n" * 255)).write_text("e1\n")
    assert folder.sweep().files == 1
    (problem,) = DropFolder(tmp_path / "nowhere", "main", KNOWN, lambda ehr, found: None).sweep().problems
    assert problem == "the folder of way drop cannot be used (FileNotFoundError)"
