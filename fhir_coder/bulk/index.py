"""Where each resource of an export lies: a SQLite file beside the output, so that an export may be far larger than memory.

It holds ids, places and references, never content. Lines are read once, in order; what was read of a file counts when the file is through, and is read
over again where the run was stopped in it, with the same result.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fhir_coder.bulk.export_files import ExportFile, unpack
from fhir_coder.bulk.line_facts import LONGEST_LINE, OF_ENCOUNTER, BadLine, Facts, read_facts

_TABLES = """
CREATE TABLE IF NOT EXISTS file (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, is_read INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS resource (type TEXT, id TEXT, file INTEGER, line INTEGER, offset INTEGER, length INTEGER, updated REAL,
    PRIMARY KEY (type, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS part_of (target TEXT, type TEXT, id TEXT, PRIMARY KEY (target, type, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ix_part_of_resource ON part_of (type, id);
CREATE TABLE IF NOT EXISTS visit (id TEXT PRIMARY KEY, start TEXT NOT NULL, patient TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ix_visit_patient ON visit (patient, id);
CREATE TABLE IF NOT EXISTS token (token TEXT, encounter TEXT, PRIMARY KEY (token, encounter)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS problem (file INTEGER, line INTEGER, kind TEXT, detail TEXT, PRIMARY KEY (file, line, kind)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ended (encounter TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_LINES_AT_ONCE = 2000
"""Lines that are written down in one transaction."""
Told = Callable[[str, int, int], None]
"""Hears of progress: file, bytes read, bytes in all."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line lies: file by number, its offset and length in bytes."""

    file: int
    line: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line of a file. ``kind`` is ``corrupt`` (nothing of it is used), ``type`` (another one than the file's name tells),
    ``duplicate`` (another line of the same resource is used), ``orphan`` (of an encounter that is not in the export)."""

    file: str
    line: int
    kind: str
    detail: str


class ExportIndex:
    """``folder`` is that of the output. Each call opens the file anew: nothing survives a fork."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "index.sqlite"
        self._unpacked = folder / "unpacked"

    def build(self, files: Iterable[ExportFile], told: Told = lambda file, done, total: None) -> None:
        """Read every file that is not read yet."""
        self._path.touch(mode=0o600)
        with self._opened() as database:
            database.executescript(_TABLES)
            for number, file in enumerate(files):
                with database:
                    database.execute("INSERT OR IGNORE INTO file (number, name) VALUES (?, ?)", (number, file.name))
                if not database.execute("SELECT is_read FROM file WHERE number = ?", (number,)).fetchone()[0]:
                    self._read(database, number, file, told)
            _note_orphans(database)

    def path_of(self, number: int, file: ExportFile) -> Path:
        """The file that offsets are of: itself, or what it holds unpacked."""
        return self._unpacked / f"{number}.ndjson" if file.is_compressed else file.path

    @contextmanager
    def looking(self) -> Iterator[Lookup]:
        """Several questions over one connection."""
        with self._opened() as database:
            yield Lookup(database)

    def count(self, since: str = "") -> int:
        """How many encounters there are, of those that began on the day ``since`` or after it, or at no day that is told."""
        with self._opened() as database:
            return database.execute("SELECT count(*) FROM visit WHERE start = '' OR start >= ?", (since,)).fetchone()[0]

    def leave_out(self, encounters: Iterable[str]) -> None:
        """Encounters (``Encounter/7``) that are done, and no others."""
        with self._opened() as database, database:
            database.execute("DELETE FROM ended")
            database.executemany("INSERT OR IGNORE INTO ended VALUES (?)", ((one.partition("/")[2],) for one in encounters))

    def count_left_out(self, since: str = "") -> int:
        """How many encounters of :meth:`count` are done."""
        query = "SELECT count(*) FROM visit JOIN ended ON ended.encounter = visit.id WHERE start = '' OR start >= ?"
        with self._opened() as database:
            return database.execute(query, (since,)).fetchone()[0]

    def encounters(self, since: str = "", at_once: int = _LINES_AT_ONCE) -> Iterator[str]:
        """Ids of those encounters that are not done, patient by patient, read piece by piece."""
        query = (
            "SELECT patient, id FROM visit WHERE (patient, id) > (?, ?) AND (start = '' OR start >= ?) "
            "AND id NOT IN (SELECT encounter FROM ended) ORDER BY patient, id LIMIT ?"
        )
        after = ("", "")
        while True:
            with self._opened() as database:
                found = database.execute(query, (*after, since, at_once)).fetchall()
            yield from (one for _, one in found)
            if len(found) < at_once:
                return
            after = found[-1]

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong with lines, in order."""
        query = (
            "SELECT file.name, line, kind, detail FROM problem JOIN file ON file.number = problem.file ORDER BY problem.file, line, kind"
        )
        with self._opened() as database:
            yield from (Problem(*row) for row in database.execute(query))

    def problem_counts(self) -> dict[str, int]:
        """How many problems there are, by kind."""
        with self._opened() as database:
            return dict(database.execute("SELECT kind, count(*) FROM problem GROUP BY kind ORDER BY kind").fetchall())

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=60)) as database:
            yield database

    def _read(self, database: sqlite3.Connection, number: int, file: ExportFile, told: Told) -> None:
        path, is_whole = self.path_of(number, file), True
        if file.is_compressed:
            self._unpacked.mkdir(mode=0o700, exist_ok=True)
            is_whole = unpack(file, path)
        size, count = path.stat().st_size, 0
        for count, (offset, length, line) in enumerate(_lines(path), 1):
            _keep_line(database, file, Place(number, count, offset, length), line)
            if count % _LINES_AT_ONCE == 0:
                database.commit()
                told(file.name, offset + length, size)
        if not is_whole:
            _note(database, number, count + 1, "corrupt", "the compressed file is cut off or damaged here")
        database.execute("UPDATE file SET is_read = 1 WHERE number = ?", (number,))
        database.commit()
        told(file.name, size, size)


class Lookup:
    """Questions of one encounter."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def place(self, kind: str, resource_id: str) -> Place | None:
        """Where a resource lies, or None."""
        return _place(self._database, kind, resource_id)

    def parts_of(self, targets: Iterable[str]) -> list[tuple[str, str]]:
        """Type and id of what belongs to any of the targets, each once, in order."""
        query = "SELECT type, id FROM part_of WHERE target = ?"
        return sorted({(kind, one) for target in targets for kind, one in self._database.execute(query, (target,))})


def _lines(path: Path) -> Iterator[tuple[int, int, bytes | None]]:
    """Offset, length and content of each line that is not blank; None for one that is longer than any may be, of which no more is held in memory."""
    with path.open("rb") as stream:
        offset = 0
        while line := stream.readline(LONGEST_LINE + 1):
            length, is_too_long = len(line), len(line) > LONGEST_LINE
            while is_too_long and not line.endswith(b"\n") and (line := stream.readline(LONGEST_LINE)):
                length += len(line)
            yield offset, length, None if is_too_long else line
            offset += length


def _keep_line(database: sqlite3.Connection, file: ExportFile, place: Place, line: bytes | None) -> None:
    if line is not None and not line.strip(b"\xef\xbb\xbf \t\r\n"):
        return
    try:
        if line is None:
            raise BadLine(f"longer than {LONGEST_LINE} bytes")
        facts = read_facts(line.removeprefix(b"\xef\xbb\xbf"))
    except BadLine as error:
        _note(database, place.file, place.line, "corrupt", str(error))
        return
    if facts is None:
        return
    if file.expected_type and facts.type != file.expected_type:
        _note(database, place.file, place.line, "type", f"{facts.type} in a file of {file.expected_type}; it is read as what it is")
    _keep(database, facts, place)


def _keep(database: sqlite3.Connection, facts: Facts, place: Place) -> None:
    """The newest line of a resource is the one that counts; of equally new ones the first."""
    key = (facts.type, facts.id)
    known = database.execute("SELECT updated, file, line FROM resource WHERE type = ? AND id = ?", key).fetchone()
    if known and (known[1], known[2]) == (place.file, place.line):
        return
    if known:
        is_newer = facts.updated > known[0]
        file, line = known[1:] if is_newer else (place.file, place.line)
        _note(database, file, line, "duplicate", f"{facts.type}/{facts.id} stands on another line too, which is as new or newer")
        if not is_newer:
            return
        database.execute("DELETE FROM part_of WHERE type = ? AND id = ?", key)
        if facts.type == "Encounter":
            database.execute("DELETE FROM token WHERE encounter = ?", (facts.id,))
    values = (*key, place.file, place.line, place.offset, place.length, facts.updated)
    database.execute("INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    database.executemany("INSERT OR IGNORE INTO part_of VALUES (?, ?, ?)", ((target, *key) for target in facts.parts_of))
    if facts.type == "Encounter":
        database.execute("INSERT OR REPLACE INTO visit VALUES (?, ?, ?)", (facts.id, facts.start, facts.subject))
        database.executemany("INSERT OR IGNORE INTO token VALUES (?, ?)", ((token, facts.id) for token in facts.tokens))


def _note(database: sqlite3.Connection, file: int, line: int, kind: str, detail: str) -> None:
    database.execute("INSERT OR REPLACE INTO problem VALUES (?, ?, ?, ?)", (file, line, kind, detail))


def _note_orphans(database: sqlite3.Connection) -> None:
    """Documents whose encounters are all unknown: nobody will read them."""
    of_known = (
        "SELECT 1 FROM part_of AS named WHERE named.type = resource.type AND named.id = resource.id AND "
        "(named.target IN (SELECT 'Encounter/' || id FROM visit) OR named.target IN (SELECT token FROM token))"
    )
    query = (
        "INSERT OR REPLACE INTO problem SELECT file, line, 'orphan', type || '/' || id || ' names no encounter of this export' "  # noqa: S608 - our own words
        f"FROM resource WHERE type = 'DocumentReference' AND NOT EXISTS ({of_known})"
    )
    assert "DocumentReference" in OF_ENCOUNTER  # noqa: S101 - else every document would be one
    with database:
        database.execute("DELETE FROM problem WHERE kind = 'orphan'")
        database.execute(query)


def _place(database: sqlite3.Connection, kind: str, resource_id: str) -> Place | None:
    query = "SELECT file, line, offset, length FROM resource WHERE type = ? AND id = ?"
    found = database.execute(query, (kind, resource_id)).fetchone()
    return Place(*found) if found else None
