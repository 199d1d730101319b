"""Bringing the tables up to date on start, safely when several processes start at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import ProgrammingError

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.signed_lines import fill

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x66686972
"""Our key among PostgreSQL's advisory locks ("fhir")."""
_NOT_ALLOWED = "42501"
"""PostgreSQL's insufficient_privilege."""


def upgrade(engine: Engine) -> None:
    """Run all missing migrations, and make what rests on the rules of this version, in one transaction under a lock: SQLite's write lock, an advisory lock in PostgreSQL.

    Raises ConfigurationError when the tables are of a newer version, or not ours to change, and SQLAlchemy's OperationalError when the database cannot be reached.
    """
    if _is_current(engine):
        return
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
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") != _NOT_ALLOWED:
            raise
        raise ConfigurationError(
            "the tables of the store are to be changed, which the account in FHIR_CODER_DATABASE_URL may not do"
        ) from None


def _is_current(engine: Engine) -> bool:
    """Whether the newest migration has run. Only a migration changes that, and none takes another back while servers run. Raises ConfigurationError where one has run that
    this version does not have."""
    known = sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found and found not in known:
        raise ConfigurationError(f"the tables of the store are those of a newer version ({found}; this one knows them up to {known[-1]})")
    return bool(found == known[-1])
