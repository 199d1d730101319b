"""Bringing the tables up to date on start, safely when several processes start at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import OperationalError

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.signed_lines import fill

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x66686972
"""Our key among PostgreSQL's advisory locks ("fhir")."""


def upgrade(engine: Engine) -> None:
    """Run all missing migrations, and make what rests on the rules of this version, in one transaction under a lock: SQLite's write lock, an advisory lock in PostgreSQL.

    Raises ConfigurationError when the database cannot be reached.
    """
    try:
        if _is_current(engine):
            return
    except OperationalError as error:
        raise _unusable(error) from None
    from alembic import command  # only who changes a store pays for it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            fill(connection)
    except OperationalError as error:
        raise _unusable(error) from None


def _is_current(engine: Engine) -> bool:
    """Whether the newest migration has run. Only a migration changes that, and none takes another back while servers run."""
    newest = max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.scalar(text("SELECT version_num FROM alembic_version")) == newest


def _unusable(error: OperationalError) -> ConfigurationError:
    return ConfigurationError(f"the store cannot be opened ({type(error.orig).__name__}); check FHIR_CODER_DATABASE_URL")
