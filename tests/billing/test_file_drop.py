"""Files for billing: whole or not there, private, never over another."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from fhir_coder.billing.answer import Fate
from fhir_coder.billing.file_drop import FileDrop


def test_a_file_is_whole_and_its_owners(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        assert FileDrop(tmp_path, ".hl7").deliver("FC1", b"MSH|\r").fate is Fate.WRITTEN
    finally:
        os.umask(before)
    (made,) = tmp_path.iterdir()
    assert (made.name, made.read_bytes(), stat.S_IMODE(made.stat().st_mode)) == ("FC1.hl7", b"MSH|\r", 0o600)


def test_what_an_earlier_attempt_wrote_is_not_written_again(tmp_path: Path) -> None:
    drop = FileDrop(tmp_path, ".csv")
    drop.deliver("FC1", b"a")
    before = (tmp_path / "FC1.csv").stat()
    assert drop.deliver("FC1", b"a").fate is Fate.WRITTEN
    after = (tmp_path / "FC1.csv").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("kind", ["file", "link", "dangling", "folder"])
def test_nothing_is_written_over_another(tmp_path: Path, kind: str) -> None:
    place, other = tmp_path / "FC1.csv", tmp_path / "other"
    if kind == "file":
        place.write_bytes(b"theirs")
    elif kind == "folder":
        place.mkdir()
    else:
        if kind == "link":
            other.write_bytes(b"a")
        place.symlink_to(other)
    assert FileDrop(tmp_path, ".csv").deliver("FC1", b"a").fate is Fate.REFUSED
    if kind == "file":
        assert place.read_bytes() == b"theirs"
    assert other.exists() == (kind == "link") and not list(tmp_path.glob(".*"))


def test_the_rest_of_an_attempt_that_was_cut_short_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".FC1.csv.part").write_bytes(b"hal")
    assert FileDrop(tmp_path, ".csv").deliver("FC1", b"half").fate is Fate.WRITTEN
    assert [one.name for one in tmp_path.iterdir()] == ["FC1.csv"]


def test_a_folder_that_is_gone_is_tried_again(tmp_path: Path) -> None:
    assert FileDrop(tmp_path / "gone", ".csv").deliver("FC1", b"a").fate is Fate.NOT_TAKEN
