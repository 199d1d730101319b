"""Changing the key that words are sealed with: every encrypted column of every table, by the newest key, while the server runs.

Which columns those are is asked of the tables, so that a table added later is rotated too. A value is replaced only where it still is what was
read; the rest are found by the next pass, and a pass that was cut short is begun anew, in which what is done already is passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Column, Engine, bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import Table as SqlTable

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.cipher import Cipher, Sealed
from fhir_coder.store.tables import EncryptedText, Table

BATCH = 500
"""Rows in one transaction: writers of the server wait no longer than it takes to seal these."""
PASSES = 5
"""How often rotation begins anew where a server writes with an old key meanwhile."""


@dataclass(frozen=True, slots=True)
class Openings:
    """How many values of one column each key opens: by its place in FHIR_CODER_KEY, 0 the newest; ``None`` counts those that none opens."""

    column: str
    by_key: Counter[int | None] = field(default_factory=Counter)

    @property
    def is_done(self) -> bool:
        """Whether the newest key opens all."""
        return not {place for place, count in self.by_key.items() if count} - {0}


def encrypted_columns() -> Iterator[Column]:
    """Every encrypted column of every table, in order of names."""
    for table in sorted(Table.metadata.tables.values(), key=lambda one: one.name):
        yield from (column for column in table.columns if isinstance(column.type, EncryptedText))


class Rotation:
    """Over one database with the keys of one cipher. Raises ConfigurationError where there is no key."""

    def __init__(self, engine: Engine, cipher: Cipher, batch: int = BATCH) -> None:
        if not cipher.has_key:
            raise ConfigurationError("FHIR_CODER_KEY is empty: there is nothing to rotate to")
        self._engine, self._cipher, self._batch = engine, cipher, batch

    def rotate(self, tell: Callable[[str, int], None] = lambda column, count: None) -> int:
        """Seal everything anew that the newest key does not open; how many values that were. ``tell`` hears of each batch by column and count."""
        total = 0
        for _ in range(PASSES):
            changed = sum(self._rotate(column, tell) for column in encrypted_columns())
            total += changed
            if not changed:
                break
        return total

    def check(self) -> tuple[Openings, ...]:
        """Which keys are still needed, column by column; values that were dropped are not counted."""
        found = []
        for column in encrypted_columns():
            openings = Openings(_name(column))
            for rows in self._rows(column):
                openings.by_key.update(self._cipher.place_of_key(sealed) for _, sealed in rows)
            found.append(openings)
        return tuple(found)

    def _rotate(self, column: Column, tell: Callable[[str, int], None]) -> int:
        changed = 0
        for rows in self._rows(column):
            old = [(key, sealed) for key, sealed in rows if self._cipher.place_of_key(sealed) not in {0, None}]
            count = self._replace(column, old) if old else 0
            changed += count
            if count:
                tell(_name(column), count)
        return changed

    def _replace(self, column: Column, old: Sequence[tuple[int, Sealed]]) -> int:
        """Put resealed values in place of those that still stand."""
        key = _key(column)
        query = update(column.table).where(key == bindparam("of"), column == bindparam("was")).values({column: bindparam("now")})
        with Session(self._engine.execution_options(writes=True)) as session, session.begin():
            values = ({"of": place, "was": sealed, "now": self._cipher.reseal(sealed)} for place, sealed in old)
            return sum(session.connection().execute(query, one).rowcount for one in values)

    def _rows(self, column: Column) -> Iterator[Sequence[tuple[int, Sealed]]]:
        """The values of a column in batches, in order of key. No transaction stays open between two."""
        key, last = _key(column), 0
        while True:
            query = select(key, column).where(key > last, column.is_not(None)).order_by(key).limit(self._batch)
            with Session(self._engine) as session:
                rows = [(row[0], row[1]) for row in session.execute(query)]
            if not rows:
                return
            yield rows
            last = rows[-1][0]


def _key(column: Column) -> Column:
    """The primary key of a column's table, a number."""
    table: SqlTable = column.table
    return next(iter(table.primary_key.columns))


def _name(column: Column) -> str:
    return f"{column.table.name}.{column.name}"
