"""Reading what a person was given: every hostile or broken archive is one sentence, and nothing of it reaches the disk."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from official_files import tabular, zipped

from terminology.loading.archive import Limits, read_sources
from terminology.loading.failure import LoadError

SMALL = Limits(files=20, file_bytes=4 << 20, total_bytes=6 << 20, ratio=150, depth=3)


def link(name: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return target.getvalue()


def twice() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a.xml", "<a/>")
        archive.writestr("a.xml", "<b/>")
    return target.getvalue()


def flagged(data: bytes) -> bytes:
    """The archive with its first entry marked as encrypted, in the local header and in the directory."""
    changed = bytearray(data)
    changed[6] |= 1
    changed[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def nested(depth: int) -> bytes:
    data = zipped({"a.xml": "<a/>"})
    for _ in range(depth):
        data = zipped({"inner.zip": data})
    return data


GOOD = zipped({"a.xml": tabular()})
HOSTILE = {
    "traversal": (zipped({"../a.xml": "<a/>"}), "leads outside"),
    "inner traversal": (zipped({"x/../../a.xml": "<a/>"}), "leads outside"),
    "windows traversal": (zipped({"..\\a.xml": "<a/>"}), "leads outside"),
    "absolute": (zipped({"/etc/a.xml": "<a/>"}), "leads outside"),
    "drive": (zipped({"C:/a.xml": "<a/>"}), "leads outside"),
    "ignored but hostile": (zipped({"../a.pdf": "x", "b.xml": "<b/>"}), "leads outside"),
    "link": (link("a.xml"), "symbolic link"),
    "encrypted": (flagged(GOOD), "is encrypted"),
    "twice": (None, "twice"),
    "twice but for case": (zipped({"a.xml": "<a/>", "A.XML": "<a/>"}), "twice"),
    "ratio": (zipped({"a.xml": b" " * (2 << 20)}), "150 times its size"),
    "one too large": (zipped({"a.xml": os.urandom(5 << 20)}, zipfile.ZIP_STORED), "unpacks to more than is allowed"),
    "all too large": (zipped({f"{n}.xml": os.urandom(3 << 19).hex() for n in range(3)}), "unpacks to more than is allowed"),
    "too many": (zipped({f"{n}.xml": "<a/>" for n in range(21)}), "more than 20 files"),
    "too many in all": (zipped({f"{n}.zip": zipped({f"{m}.xml": "<a/>" for m in range(11)}) for n in range(2)}), "more than 20 files"),
    "too deep": (nested(3), "nested more than 3 deep"),
    "not a zip": (b"PK but not a zip", "not a zip archive"),
    "empty": (b"", "not a zip archive"),
    "truncated": (GOOD[: len(GOOD) // 2], "not a zip archive"),
    "damaged inside": (GOOD.replace(GOOD[60:90], b"\0" * 30, 1), "not a zip archive"),
    "broken inner zip": (zipped({"inner.zip": b"broken"}), "official.zip/inner.zip: not a zip archive"),
}


@pytest.mark.parametrize(("data", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_or_broken_zip_is_refused_in_one_sentence(tmp_path: Path, data: bytes | None, message: str) -> None:
    path = tmp_path / "official.zip"
    path.write_bytes(twice() if data is None else data)
    with pytest.raises(LoadError, match=message) as refused:
        list(read_sources(path, SMALL))
    assert "\n" not in str(refused.value)
    assert [one.name for one in tmp_path.iterdir()] == ["official.zip"]


def test_a_lying_size_is_not_believed(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.xml": os.urandom(5 << 20)}, zipfile.ZIP_STORED))
    place = data.rindex(b"PK\x01\x02") + 24
    data[place : place + 4] = (10).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(LoadError):
        list(read_sources(tmp_path / "a.zip", SMALL))


def test_zips_in_zips_and_folders_are_read_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    inner = zipped({"icd10cm_tabular_2030.xml": "<a/>", "addenda.pdf": b"%PDF", "__MACOSX/._x.xml": "junk"})
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "table-and-index.zip").write_bytes(zipped({"2030/inner.zip": inner, "2030/readme.TXT": "hello"}))
    (tmp_path / ".hidden.xml").write_text("<no/>")
    (tmp_path / "list.csv").write_text("I10\n")
    assert [source.name for source in read_sources(tmp_path)] == [
        "list.csv",
        "sub/table-and-index.zip/2030/inner.zip/icd10cm_tabular_2030.xml",
        "sub/table-and-index.zip/2030/readme.TXT",
    ]


def test_a_missing_path_and_an_unreadable_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"nowhere: no such file or folder"):
        list(read_sources(tmp_path / "nowhere"))
    with pytest.raises(LoadError, match=r"cannot be read"):
        list(read_sources(Unreadable(tmp_path)))


def test_what_is_neither_file_nor_folder_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.xml")
    assert list(read_sources(tmp_path)) == []
    with pytest.raises(LoadError, match="neither a file nor a folder"):
        list(read_sources(tmp_path / "pipe.xml"))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    for name in ("a.xml", "a.zip"):
        (tmp_path / name).write_bytes(b"x" * 2000)
        with pytest.raises(LoadError, match=f"{name}: larger than 1000 bytes"):
            list(read_sources(tmp_path / name, Limits(file_bytes=1000, total_bytes=1000)))


class Unreadable(type(Path())):
    """A folder whose listing fails, whoever runs the tests."""

    def iterdir(self):
        raise PermissionError(13, "Permission denied")


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=400), at=st.integers(0, len(GOOD)))
def test_a_zip_with_any_noise_in_it_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    path = tmp_path_factory.mktemp("noise") / "a.zip"
    path.write_bytes(GOOD[:at] + noise + GOOD[at + len(noise) :])
    try:
        list(read_sources(path, SMALL))
    except LoadError as refused:
        assert str(refused)
