"""Bringing the tables up to date on start, safely when several processes start at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from fhir_coder.errors import ConfigurationError

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x66686972
"""Our key among PostgreSQL's advisory locks ("fhir")."""


def upgrade(engine: Engine) -> None:
    """Run all missing migrations in one transaction under a lock: SQLite's write lock, an advisory lock in PostgreSQL.

    Raises ConfigurationError when the database cannot be reached.
    """
    from alembic import command  # only who opens a store pays for it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError as error:
        raise ConfigurationError(f"the store cannot be opened ({type(error.orig).__name__}); check FHIR_CODER_DATABASE_URL") from None
