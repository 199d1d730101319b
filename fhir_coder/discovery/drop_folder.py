"""A folder into which files of encounter ids are dropped. A file is taken by renaming it, which one process can do; it ends in ``done`` or ``refused``.

Write a file under a name that begins with a dot, or ends in ``.part`` or ``.tmp``, and rename it when it is whole: such names are left alone, and so is a file
that was written to a moment ago. A file that was being taken when the process died is taken again: what it names is watched once.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from fhir_coder.discovery.dropped import LONGEST_BYTES, NotTaken, read_dropped
from fhir_coder.discovery.watched import Found

TAKING, DONE, REFUSED = "taking", "done", "refused"
UNFINISHED = (".part", ".tmp")
QUIET_S = 5.0
"""A file that was changed so lately may not be whole yet, whatever its name."""
LONGEST_NAME = 200
"""Bytes of a name that are kept: file systems take 255."""

Note = Callable[[str, list[Found]], object]
"""Watches encounters of an EHR."""


@dataclass(slots=True)
class Swept:
    """What a sweep came to; ``is_swept``: the folder could be used; ``stuck`` says of each file that could not be moved or read what was wrong. ``problems`` name
    no file: its name may tell of a patient."""

    files: int = 0
    refused: int = 0
    encounters: int = 0
    is_swept: bool = True
    stuck: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DropFolder:
    """``ehr`` is whose encounters are meant where a file does not say; ``known`` are the EHRs of the tenant that may be named; ``now`` tells epoch seconds."""

    folder: Path
    ehr: str
    known: Collection[str]
    note: Note
    now: Callable[[], float] = time.time

    def sweep(self) -> Swept:
        """Take everything that lies there."""
        swept = Swept()
        try:
            for name in (TAKING, DONE, REFUSED):
                (self.folder / name).mkdir(mode=0o700, exist_ok=True)
                if (self.folder / name).is_symlink():
                    raise NotADirectoryError(name)  # it would lead what is dropped to a place of somebody else's choosing
            self._pick_up(swept)
            for path in sorted((self.folder / TAKING).iterdir()):
                with _of_itself(swept):
                    self._take(path, swept)
        except OSError as error:
            swept.is_swept = False
            swept.problems.append(f"the folder of way drop cannot be used ({type(error).__name__})")
        if swept.stuck:
            kinds = ", ".join(sorted(set(swept.stuck)))
            swept.problems.append(f"{len(swept.stuck)} dropped files could not be taken ({kinds}); they are tried again")
        if swept.refused:
            swept.problems.append(f"{swept.refused} dropped files were refused; the reasons lie beside them")
        return swept

    def _pick_up(self, swept: Swept) -> None:
        """Rename what is whole out of the way of those who drop."""
        for path in sorted(self.folder.iterdir()):
            if path.name.startswith(".") or path.name.endswith(UNFINISHED) or (path.is_dir() and not path.is_symlink()):
                continue
            with _of_itself(swept), _gone_is_fine():
                if abs(self.now() - path.lstat().st_mtime) < QUIET_S:
                    continue
                path.rename(self.folder / TAKING / _own(path.name))

    def _take(self, path: Path, swept: Swept) -> None:
        with _gone_is_fine(), _held(path) as content:
            if content is None:
                return
            try:
                named = read_dropped(content, self.ehr, self.known)
            except NotTaken as reason:
                self._refuse(path, str(reason))
                swept.refused += 1
                return
            for ehr, found in named.items():
                self.note(ehr, found)
                swept.encounters += len(found)
            path.rename(self.folder / DONE / path.name)
            swept.files += 1

    def _refuse(self, path: Path, reason: str) -> None:
        kept = self.folder / REFUSED / path.name
        with _opened(kept.with_name(f"{kept.name}.reason"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW) as file:
            os.write(file, f"{reason}\n".encode())
        path.rename(kept)


@contextmanager
def _of_itself(swept: Swept) -> Iterator[None]:
    """What is wrong with one file (somebody else's that we may not read, say) does not keep the others waiting."""
    try:
        yield
    except OSError as error:
        swept.stuck.append(type(error).__name__)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """Another process may have taken it meanwhile."""
    try:
        yield
    except FileNotFoundError:
        return


@contextmanager
def _held(path: Path) -> Iterator[bytes | None]:
    """The file's first bytes, one more than may be at most, while no other process takes it; None where one does. What is no file has none."""
    if not stat.S_ISREG(path.lstat().st_mode):
        yield b""
        return
    with _opened(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        is_same = os.path.samestat(os.fstat(file), path.lstat())
        yield _read(file) if is_same else None


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, flags, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _read(file: int) -> bytes:
    content = bytearray()
    while len(content) <= LONGEST_BYTES and (piece := os.read(file, 64 * 1024)):
        content += piece
    return bytes(content)


def _own(name: str) -> str:
    """A name that nothing else has: files of one name may come every day, and two at a time. A long one keeps its end."""
    return f"{uuid4().hex[:12]}-{os.fsdecode(os.fsencode(name)[-LONGEST_NAME:])}"
