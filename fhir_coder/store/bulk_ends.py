"""Bulk runs: how each encounter ended, in the transaction that keeps its coding. Every query names the tenant."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, Engine, Update, and_, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError

from fhir_coder.bulk.ended import Counts, End, Ended, EndedBefore
from fhir_coder.store.bulk_tables import BulkEndRow
from fhir_coder.store.inserting import insert_rows
from fhir_coder.store.rows import Values
from fhir_coder.store.tables import AssignmentRow, CodedEncounterRow, FindingRow

_E = BulkEndRow
_AT_ONCE = 1000
"""Rows that are fetched together."""


class BulkEnds:
    """``now`` tells epoch seconds. Safe to share between threads; connections are those of the repository of the same database."""

    def __init__(self, engine: Engine, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._now = now

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction, for what ends without a coding."""
        return self._writing.begin()

    def record(self, connection: Connection, tenant: str, run: str, *ended: Ended) -> None:
        """Keep ends within the caller's transaction; one takes the place of another that was to be tried again. Raises EndedBefore where one of the
        encounters has ended otherwise: the transaction is to be given up then."""
        known = connection.execute(_KNOWN, {"tenant": tenant, "run": run, "encounters": [one.encounter for one in ended]})
        again = {one.encounter: one.end == End.AGAIN.value for one in known}
        if not all(again.values()):
            raise EndedBefore
        for one in ended:
            if one.encounter in again and not connection.execute(_replacing(tenant, run, one), self._values(one)).rowcount:
                raise EndedBefore
        new = [
            self._values(one) | {"tenant": tenant, "run": run, "encounter": one.encounter, "tries": 1}
            for one in ended
            if one.encounter not in again
        ]
        try:
            insert_rows(connection, _E, new)
        except IntegrityError:
            raise EndedBefore from None

    def _values(self, ended: Ended) -> Values:
        return {
            "version": ended.version,
            "end": ended.end.value,
            "error": ended.error,
            "coding": ended.coding,
            "part": ended.part,
            "lengths": dict(ended.lengths),
            "ended_s": int(self._now()),
        }

    def ended(self, tenant: str, run: str) -> Iterator[str]:
        """References of the encounters that are not to be done any more, read piece by piece."""
        after = 0
        while True:
            over = (_E.run == run, _E.end != End.AGAIN.value, _E.key > after)
            query = select(_E.key, _E.encounter).where(_E.tenant == tenant, *over).order_by(_E.key).limit(_AT_ONCE)
            with self._engine.connect() as connection:
                found = connection.execute(query).all()
            yield from (one.encounter for one in found)
            if len(found) < _AT_ONCE:
                return
            after = found[-1].key

    def is_known(self, tenant: str, run: str) -> bool:
        """Whether any encounter of the run has ended."""
        with self._engine.connect() as connection:
            return connection.scalar(select(_E.key).where(_E.tenant == tenant, _E.run == run).limit(1)) is not None

    def lengths(self, tenant: str, run: str) -> dict[tuple[int, str], int]:
        """How long the files of each output part are, by part and resource type: what stands beyond belongs to nothing that was kept."""
        found: dict[tuple[int, str], int] = {}
        after = 0
        while True:
            query = select(_E.key, _E.part, _E.lengths).where(_E.tenant == tenant, _E.run == run, _E.key > after)
            with self._engine.connect() as connection:
                rows = connection.execute(query.order_by(_E.key).limit(_AT_ONCE)).all()
            for row in rows:
                for kind, length in row.lengths.items():
                    found[row.part, kind] = max(length, found.get((row.part, kind), 0))
            if len(rows) < _AT_ONCE:
                return found
            after = rows[-1].key

    def counts(self, tenant: str, run: str) -> Counts:
        """What came of the run until now."""
        with self._engine.connect() as connection:
            ends = self._grouped(connection, tenant, run)
            dispositions = _of_codings(connection, tenant, run)
            codes, findings = _codes(connection, tenant, run), _findings(connection, tenant, run)
        by_end: dict[str, int] = {}
        for (end, _), count in ends.items():
            by_end[end] = by_end.get(end, 0) + count
        failed = {error: count for (end, error), count in ends.items() if end == End.FAILED.value}
        again = {error: count for (end, error), count in ends.items() if end == End.AGAIN.value}
        return Counts(by_end, failed, again, dispositions, codes, findings)

    def _grouped(self, connection: Connection, tenant: str, run: str) -> dict[tuple[str, str], int]:
        query = select(_E.end, _E.error, func.count()).where(_E.tenant == tenant, _E.run == run).group_by(_E.end, _E.error)
        return {(end, error): count for end, error, count in connection.execute(query)}


_KNOWN = select(_E.encounter, _E.end).where(
    _E.tenant == bindparam("tenant"), _E.run == bindparam("run"), _E.encounter.in_(bindparam("encounters", expanding=True))
)
"""How encounters ended before."""


def _replacing(tenant: str, run: str, ended: Ended) -> Update:
    """What puts an end in the place of one that was to be tried again."""
    again = (_E.run == run, _E.encounter == ended.encounter, _E.end == End.AGAIN.value)
    return update(_E).where(_E.tenant == tenant, *again).values(tries=_E.tries + 1)


def _of_codings(connection: Connection, tenant: str, run: str) -> dict[str, int]:
    c = CodedEncounterRow
    joined = select(c.disposition, func.count()).join(_E, and_(_E.coding == c.id, _E.tenant == c.tenant))
    query = joined.where(c.tenant == tenant, _E.tenant == tenant, _E.run == run).group_by(c.disposition)
    return _most_first(connection.execute(query))


def _codes(connection: Connection, tenant: str, run: str) -> dict[str, int]:
    """How many encounters each code was assigned to, most frequent first."""
    c, a = CodedEncounterRow, AssignmentRow
    joined = select(a.code, func.count()).join(c, a.coded_encounter == c.key).join(_E, _E.coding == c.id)
    query = joined.where(a.tenant == tenant, c.tenant == tenant, _E.tenant == tenant, _E.run == run).group_by(a.code)
    return _most_first(connection.execute(query))


def _findings(connection: Connection, tenant: str, run: str) -> dict[str, int]:
    """How often each edit said something, most frequent first."""
    c, f = CodedEncounterRow, FindingRow
    joined = select(f.edit, func.count()).join(c, f.coded_encounter == c.key).join(_E, _E.coding == c.id)
    query = joined.where(f.tenant == tenant, c.tenant == tenant, _E.tenant == tenant, _E.run == run).group_by(f.edit)
    return _most_first(connection.execute(query))


def _most_first(counts: Iterable[Any]) -> dict[str, int]:
    return dict(sorted((tuple(one) for one in counts), key=lambda one: (-one[1], one[0])))
