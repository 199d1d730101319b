"""What the log calls an error: its kind, and the word of the system or the database for it; never the values that it carries."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from fhir_coder.api.log import kind_of
from tests.store.conftest import MARKER


def _no_such_file() -> None:
    Path("/nowhere", MARKER).read_bytes()


def _no_such_column() -> None:
    with create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql(f"SELECT {MARKER}")


def _no_such_table() -> None:
    sqlite3.connect(":memory:").execute(f"SELECT * FROM {MARKER}")


def _refused() -> None:
    raise ValueError(MARKER)


@pytest.mark.parametrize(
    ("fail", "called"),
    [
        (_no_such_file, "FileNotFoundError (No such file or directory)"),
        (_no_such_column, "OperationalError (SQLITE_ERROR)"),
        (_no_such_table, "OperationalError (SQLITE_ERROR)"),
        (_refused, "ValueError"),
    ],
)
def test_an_error_is_called_by_its_kind(fail: Callable[[], None], called: str) -> None:
    with pytest.raises(Exception, match=MARKER) as raised:
        fail()
    assert kind_of(raised.value) == called
