"""Rows on their way into tables, many with one statement: a coding has dozens, and making an object of each takes longer than all else that is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from sqlalchemy import Connection, Insert, insert

from fhir_coder.store.rows import PartValues, Values
from fhir_coder.store.tables import Part, Table


def insert_row(connection: Connection, kind: type[Table], values: Values) -> int:
    """Add a row; returns its key."""
    key = connection.execute(_statement(kind), values).inserted_primary_key
    assert key is not None  # noqa: S101 - tells the type: one row was added
    return key[0]


def insert_rows(connection: Connection, kind: type[Table], rows: list[Values]) -> None:
    """Add rows, if there are any."""
    if rows:
        connection.execute(_statement(kind), rows)


def insert_parts(connection: Connection, parts: Iterable[PartValues]) -> None:
    """Add parts of coded encounters, as :func:`owned` gives them, table by table and in their order."""
    rows: dict[type[Part], list[Values]] = {}
    for kind, values in parts:
        rows.setdefault(kind, []).append(values)
    for kind in sorted(rows, key=lambda one: one.__name__):
        insert_rows(connection, kind, rows[kind])


def owned(parts: Iterable[PartValues], key: int) -> Iterator[PartValues]:
    """The parts of the coded encounter whose row has the ``key``."""
    return ((kind, {**values, "coded_encounter": key}) for kind, values in parts)


@cache
def _statement(kind: type[Table]) -> Insert:
    """Made once: to make it, and to find what it was compiled to, takes longer than to carry it out."""
    return insert(kind.__table__)  # type: ignore[arg-type]  # a table, which the base class calls a FromClause
