"""Versioned FHIR resources in one SQLite file that several processes share. Every call opens its own connection: nothing survives a fork."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

from fhir_coder.exchange import Resource
from fhir_coder.fhir.writer import write_json
from fhir_coder.sandbox.faults import Refused
from fhir_coder.sandbox.parameters import SearchParameter, load_parameters, values_of, wanted

_SCHEMA = """
CREATE TABLE IF NOT EXISTS version (
    type TEXT, id TEXT, version INTEGER, content TEXT, PRIMARY KEY (type, id, version));
CREATE TABLE IF NOT EXISTS current (
    number INTEGER PRIMARY KEY, type TEXT, id TEXT, version INTEGER, is_deleted INTEGER, UNIQUE (type, id));
CREATE TABLE IF NOT EXISTS value (
    type TEXT, id TEXT, parameter TEXT, system TEXT, code TEXT);
CREATE INDEX IF NOT EXISTS value_by_code ON value (type, parameter, code);
CREATE INDEX IF NOT EXISTS value_by_resource ON value (type, id);
CREATE TABLE IF NOT EXISTS seed (type TEXT, id TEXT, sha256 TEXT, PRIMARY KEY (type, id));
"""

Criteria = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Written:
    """A resource as stored, and whether this call made it."""

    resource: Resource
    is_new: bool


@dataclass(frozen=True, slots=True)
class Matches:
    """One page of a search and how many there are in all."""

    resources: tuple[Resource, ...]
    total: int


class ResourceStore:
    """The resources in the file at ``path``. ``now`` tells the time (aware), ``new_id`` makes ids. ``is_lasting`` False: nothing need outlast a
    power cut, and writing waits for no disk."""

    def __init__(
        self,
        path: Path,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: uuid4().hex,
        is_lasting: bool = True,
    ) -> None:
        self._path = path
        self._is_lasting = is_lasting
        self._now = now
        self.new_id = new_id
        self.parameters = {one.name: one for one in load_parameters()}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._prepare()

    def read(self, kind: str, resource_id: str) -> Resource:
        """The current version. Raises Refused with 404 or 410."""
        with self._transaction() as connection:
            return self._current(connection, kind, resource_id)

    def read_version(self, kind: str, resource_id: str, version: str) -> Resource:
        """One version. Raises Refused with 404."""
        query = "SELECT content FROM version WHERE type = ? AND id = ? AND version = ?"
        with self._transaction() as connection:
            row = connection.execute(query, (kind, resource_id, version)).fetchone()
        if row is None:
            raise Refused(404, "not-found", f"no such version of {kind}/{resource_id}")
        return _parse(row[0])

    def search(self, kind: str, criteria: Criteria, offset: int = 0, count: int = 20) -> Matches:
        """One page of current resources that meet all criteria (name, value; a comma separates alternatives), oldest first."""
        with self._transaction() as connection:
            found = self._find(connection, kind, criteria)
            page = tuple(self._current(connection, kind, one) for one in found[offset : offset + count])
        return Matches(page, len(found))

    def create(self, resource: Resource, unless: Criteria = ()) -> Written:
        """A new resource, or the one that already meets ``unless``. Raises Refused with 412 when several do."""
        kind = resource["resourceType"]
        with self._transaction(writes=True) as connection:
            found = self._find(connection, kind, unless) if unless else []
            if len(found) > 1:
                raise Refused(412, "multiple-matches", f"{len(found)} resources meet the condition")
            if found:
                return Written(self._current(connection, kind, found[0]), is_new=False)
            return Written(self._write(connection, {**resource, "id": self.new_id()}, 1), is_new=True)

    def update(self, resource: Resource, if_match: str | None = None) -> Written:
        """A new version of the resource, which is made if it does not exist. Raises Refused with 412 when ``if_match`` is not its version."""
        return self.update_all([(resource, if_match)])[0]

    def update_all(self, resources: Sequence[tuple[Resource, str | None]]) -> list[Written]:
        """Several such updates, each with its ``if_match``: all of them or none."""
        with self._transaction(writes=True) as connection:
            return [self._update_one(connection, resource, if_match) for resource, if_match in resources]

    def delete(self, kind: str, resource_id: str) -> None:
        """Make a resource answer 410 from now on. Raises Refused with 404 for one that never was."""
        with self._transaction(writes=True) as connection:
            query = "UPDATE current SET is_deleted = 1 WHERE type = ? AND id = ?"
            if connection.execute(query, (kind, resource_id)).rowcount == 0:
                raise Refused(404, "not-found", f"{kind}/{resource_id} is not known")
            connection.execute("DELETE FROM value WHERE type = ? AND id = ?", (kind, resource_id))

    def plant(self, resources: Sequence[tuple[Resource, str]]) -> int:
        """Put seed resources, each with the sha256 of its source, that are not there in that form yet; returns how many were written."""
        with self._transaction(writes=True) as connection:
            return sum(self._plant_one(connection, resource, sha256) for resource, sha256 in resources)

    def _update_one(self, connection: sqlite3.Connection, resource: Resource, if_match: str | None) -> Written:
        kind, resource_id = resource["resourceType"], resource["id"]
        query = "SELECT version FROM current WHERE type = ? AND id = ?"
        row = connection.execute(query, (kind, resource_id)).fetchone()
        version = row[0] if row else 0
        if if_match is not None and if_match != str(version):
            raise Refused(412, "conflict", f"{kind}/{resource_id} is not at that version")
        return Written(self._write(connection, resource, version + 1), is_new=row is None)

    def _plant_one(self, connection: sqlite3.Connection, resource: Resource, sha256: str) -> bool:
        key = (resource["resourceType"], resource["id"])
        row = connection.execute("SELECT sha256 FROM seed WHERE type = ? AND id = ?", key).fetchone()
        if row and row[0] == sha256:
            return False
        current = connection.execute("SELECT version FROM current WHERE type = ? AND id = ?", key).fetchone()
        self._write(connection, resource, (current[0] if current else 0) + 1)
        connection.execute("INSERT OR REPLACE INTO seed VALUES (?, ?, ?)", (*key, sha256))
        return True

    def _find(self, connection: sqlite3.Connection, kind: str, criteria: Criteria) -> list[str]:
        clauses, arguments = ["type = ?", "is_deleted = 0"], [kind]
        for name, text in criteria:
            clause, values = _clause(self.parameters[name], text)
            clauses.append(clause)
            arguments += [kind, name, *values]
        query = f"SELECT id FROM current WHERE {' AND '.join(clauses)} ORDER BY number"  # noqa: S608 - clauses are ours, values are bound
        return [row[0] for row in connection.execute(query, arguments)]

    def _current(self, connection: sqlite3.Connection, kind: str, resource_id: str) -> Resource:
        query = (
            "SELECT current.is_deleted, version.content FROM current JOIN version USING (type, id, version) "
            "WHERE current.type = ? AND current.id = ?"
        )
        row = connection.execute(query, (kind, resource_id)).fetchone()
        if row is None:
            raise Refused(404, "not-found", f"{kind}/{resource_id} is not known")
        if row[0]:
            raise Refused(410, "deleted", f"{kind}/{resource_id} was deleted")
        return _parse(row[1])

    def _write(self, connection: sqlite3.Connection, resource: Resource, version: int) -> Resource:
        kind, resource_id = resource["resourceType"], resource["id"]
        meta = {**resource.get("meta", {}), "versionId": str(version), "lastUpdated": self._now().isoformat(timespec="milliseconds")}
        stored = {"resourceType": kind, "id": resource_id, "meta": meta} | {k: v for k, v in resource.items() if k != "meta"}
        connection.execute("INSERT INTO version VALUES (?, ?, ?, ?)", (kind, resource_id, version, write_json(stored).decode()))
        connection.execute(
            "INSERT INTO current (type, id, version, is_deleted) VALUES (?, ?, ?, 0) "
            "ON CONFLICT (type, id) DO UPDATE SET version = excluded.version, is_deleted = 0",
            (kind, resource_id, version),
        )
        connection.execute("DELETE FROM value WHERE type = ? AND id = ?", (kind, resource_id))
        rows = [(kind, resource_id, one.parameter, one.system, one.code) for one in values_of(stored, tuple(self.parameters.values()))]
        connection.executemany("INSERT INTO value VALUES (?, ?, ?, ?, ?)", rows)
        return stored

    def _prepare(self) -> None:
        """The tables. The write lock is taken first, so that processes starting together make them one after the other."""
        with self._transaction(writes=True) as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)

    @contextmanager
    def _transaction(self, writes: bool = False) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=15, isolation_level=None)
        try:
            if writes and not self._is_lasting:
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        finally:
            connection.close()


def _clause(parameter: SearchParameter, text: str) -> tuple[str, list[str]]:
    """SQL for one criterion: the resource has a value that fits one of the alternatives."""
    fits, values = [], []
    for alternative in text.split(","):
        system, code = wanted(parameter, alternative)
        conditions = []
        if system is not None:
            conditions.append("system = ?")
            values.append(system)
        if code is not None and parameter.kind == "reference" and "/" not in code:
            conditions.append("code LIKE '%/' || ?")
            values.append(code)
        elif code is not None:
            conditions.append("code = ?")
            values.append(code)
        fits.append(f"({' AND '.join(conditions) or '1'})")
    return f"id IN (SELECT id FROM value WHERE type = ? AND parameter = ? AND ({' OR '.join(fits)}))", values  # noqa: S608 - as above


def _parse(text: str) -> Resource:
    return json.loads(text, parse_float=Decimal)
