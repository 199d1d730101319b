"""The databases of the store's tests."""

from tests.store.conftest import database_url, tables_of_postgresql, tables_of_sqlite

__all__ = ["database_url", "tables_of_postgresql", "tables_of_sqlite"]
