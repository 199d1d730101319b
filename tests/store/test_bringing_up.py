"""A database when a process starts: one that is away is waited for, one that is there and cannot be used is not."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, event, inspect, make_url, text

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.bringing_up import FIRST_PAUSE_S, FOR_GOOD, LONGEST_PAUSE_S, Patience, bring_up
from fhir_coder.store.engine import CONNECTS_S, open_engine
from fhir_coder.store.exclusive import open_lock_engine
from fhir_coder.store.reachable import is_away
from fhir_coder.store.start import open_stores
from tests.crashes.services import PostgreSQL, free_port
from tests.running.refusing_postgresql import STARTING, WRONG_PASSWORD, refusing
from tests.store.conftest import POSTGRESQL

NOBODY = "postgresql+psycopg://u:secret-word@127.0.0.1:9/x"


@dataclass
class Time:
    """Passes when somebody sleeps; ``then`` happens at the so-manieth pause."""

    at: float = 0.0
    pauses: list[float] = field(default_factory=list)
    then: dict[int, Callable[[], object]] = field(default_factory=dict)

    def patience(self, longest_s: float) -> Patience:
        return Patience(longest_s, lambda: self.at, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.at += seconds
        self.pauses.append(seconds)
        self.then.get(len(self.pauses), lambda: None)()


def refused(url: str, time: Time, longest_s: float = 60.0) -> str:
    with pytest.raises(ConfigurationError) as caught:
        open_stores(url, "", patience=time.patience(longest_s))
    assert "secret-word" not in caught.value.message
    return caught.value.message


@pytest.fixture(scope="module")
def url_of_postgresql() -> str:
    """The database that the others are made beside: nothing is written to it."""
    if is_away(open_engine(POSTGRESQL)):
        pytest.skip("no PostgreSQL answers (FHIR_CODER_TEST_POSTGRESQL)")
    return POSTGRESQL


def test_one_that_is_away_is_waited_for_and_told(caplog: pytest.LogCaptureFixture) -> None:
    time = Time()
    with caplog.at_level(logging.WARNING):
        assert refused(NOBODY, time).startswith("the database does not answer and was waited for, 60 s; check FHIR_CODER_DATABASE_URL")
    assert sum(time.pauses) == 60 and time.pauses[0] == FIRST_PAUSE_S and max(time.pauses) == LONGEST_PAUSE_S
    assert caplog.messages[0] == "the database does not answer; it is waited for, 60 s at the most"
    assert len(caplog.messages) == len(time.pauses) < 20


def test_one_that_is_starting_is_waited_for_until_it_says_something_else() -> None:
    """Each round it is asked twice: for the tables, and whether it is there."""
    time, port = Time(), free_port()
    with refusing(port, *[STARTING] * 8, WRONG_PASSWORD):
        told = refused(f"postgresql+psycopg://u:secret-word@127.0.0.1:{port}/x", time)
    assert told.startswith("the store cannot be opened (OperationalError)") and len(time.pauses) == 4


def test_a_wrong_password_is_not_waited_for() -> None:
    """Two rounds, as it might have come back this moment."""
    time, port = Time(), free_port()
    with refusing(port, WRONG_PASSWORD) as said:
        refused(f"postgresql+psycopg://u:secret-word@127.0.0.1:{port}/x", time)
    assert time.pauses == [] and said == [WRONG_PASSWORD] * 4


def test_a_command_does_not_wait() -> None:
    time = Time()
    assert refused(NOBODY, time, 0.0) == "the database does not answer; check FHIR_CODER_DATABASE_URL, and whether it runs"
    assert time.pauses == []


def test_a_host_that_has_no_name_yet_is_away() -> None:
    engine = open_engine("postgresql+psycopg://u@database.invalid/x?sslmode=require")
    assert is_away(engine)


CANNOT_BE_USED: dict[str, dict[str, object]] = {
    "no such database": {"database": "nowhere"},
    "no such role": {"username": "nobody-here"},
    "no TLS there": {"query": {"sslmode": "require"}},
}


@pytest.mark.parametrize("change", CANNOT_BE_USED.values(), ids=CANNOT_BE_USED)
def test_one_that_is_there_and_refuses_us_is_not_waited_for(url_of_postgresql: str, change: dict[str, object]) -> None:
    time = Time()
    url = make_url(url_of_postgresql).set(**change)  # type: ignore[arg-type]
    told = refused(url.render_as_string(hide_password=False), time)
    assert told.startswith("the store cannot be opened (OperationalError)") and time.pauses == []


def test_a_file_that_cannot_be_opened_is_not_waited_for() -> None:
    time = Time()
    refused("sqlite:////proc/none/store.sqlite", time)
    assert time.pauses == []


def test_tables_of_a_newer_version_are_left_alone_at_once(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        before = connection.scalar(text("SELECT version_num FROM alembic_version"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    time = Time()
    told = refused(database_url, time)
    assert told == f"the tables of the store are those of a newer version (9999; this one knows them up to {before})" and time.pauses == []
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})
    engine.dispose()


def test_an_account_that_may_make_no_tables_is_told_so(url_of_postgresql: str) -> None:
    engine, role = create_engine(url_of_postgresql), f"fhir_coder_{uuid4().hex}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
    url = make_url(url_of_postgresql).set(username=role).update_query_dict({"options": "-csearch_path=pg_catalog"})
    try:
        assert "may not do" in refused(url.render_as_string(hide_password=False), Time())
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP ROLE {role}"))
        engine.dispose()


@pytest.mark.skipif(bool(PostgreSQL.missing), reason=PostgreSQL.missing)
def test_a_start_survives_a_database_that_comes_late_and_goes_once_more() -> None:
    """It is not there, then killed in the midst of making the tables, then there again."""
    cluster = PostgreSQL("--wal-segsize=1")
    time = Time(then={2: cluster.start, 3: cluster.start})
    engine = open_engine(cluster.url)
    killed = threading.Event()

    def kill(connection: object, cursor: object, statement: str, *_: object) -> None:
        if "CREATE TABLE coded_encounter" in statement and not killed.is_set():
            killed.set()
            cluster.kill()

    event.listen(engine, "before_cursor_execute", kill)
    try:
        bring_up(engine, time.patience(60.0))
        assert killed.is_set() and time.pauses == [0.5, 1.0, 2.0]
        assert inspect(engine).has_table("job")
    finally:
        engine.dispose()
        cluster.remove()


def test_what_says_nothing_is_given_up_after_seconds() -> None:
    engine = open_engine(NOBODY)
    assert engine.url.query["connect_timeout"] == str(CONNECTS_S) == open_lock_engine(engine).url.query["connect_timeout"]
    assert open_engine(f"{NOBODY}?connect_timeout=3").url.query["connect_timeout"] == "3"
    assert FOR_GOOD.longest_s == 60
