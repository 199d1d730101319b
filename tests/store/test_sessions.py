"""Sessions in the store: sealed, hashed, bound, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, text

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.exclusive import exclusively, open_lock_engine
from fhir_coder.store.session_ending import SessionEnding
from fhir_coder.store.sessions import Lifetimes, SessionStore
from fhir_coder.store.start import open_sessions
from fhir_coder.store.upgrade import upgrade
from tests.store.conftest import KEY

CONTENT = {"access_token": "SECRET-TOKEN", "name": "Ada"}


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(engine: Engine, clock: Clock) -> SessionStore:
    return SessionStore(engine, Cipher(KEY), Lifetimes(), clock)


def rows(engine: Engine, table: str) -> list[str]:
    with engine.connect() as connection:
        return [str(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]


def test_without_a_key_there_are_no_sessions(database_url: str) -> None:
    with pytest.raises(ConfigurationError, match="FHIR_CODER_KEY"):
        open_sessions(database_url, "", Lifetimes())


def test_ids_stand_as_hashes_and_content_sealed(store: SessionStore, engine: Engine) -> None:
    session_id = store.open("default", "Ada at the EHR", CONTENT)
    store.remember("default", "BROWSER", "STATE", CONTENT)
    kept = "".join(rows(engine, "browser_session") + rows(engine, "pending_sign_in"))
    assert kept and not any(word in kept for word in (session_id, "SECRET-TOKEN", "Ada", "BROWSER", "STATE"))
    found = store.find(session_id)
    assert found and (found.tenant, found.content) == ("default", CONTENT)


def test_ids_are_new_each_time(store: SessionStore) -> None:
    ids = {store.open("default", "Ada", CONTENT) for _ in range(20)}
    assert len(ids) == 20 and all(len(one) == 43 for one in ids)


@pytest.mark.parametrize(("idle", "lives"), [(899, True), (900, False)])
def test_a_session_lasts_as_long_as_it_is_used(store: SessionStore, clock: Clock, idle: int, lives: bool) -> None:
    session_id = store.open("default", "Ada", CONTENT)
    clock.now += 800
    assert store.find(session_id)
    clock.now += idle
    assert (store.find(session_id) is not None) == lives


def test_no_session_lasts_longer_than_it_may(store: SessionStore, clock: Clock) -> None:
    session_id = store.open("default", "Ada", CONTENT)
    for _ in range(12 * 6 - 1):
        clock.now += 600
        assert store.find(session_id)
    clock.now += 600
    assert store.find(session_id) is None


def test_what_is_over_goes_with_the_next_that_begins(store: SessionStore, engine: Engine, clock: Clock) -> None:
    store.open("default", "Ada", CONTENT)
    store.remember("default", "b", "s", CONTENT)
    clock.now += 13 * 3600
    store.open("default", "Eve", CONTENT)
    store.remember("default", "b", "t", CONTENT)
    assert (len(rows(engine, "browser_session")), len(rows(engine, "pending_sign_in"))) == (1, 1)


def test_what_has_ended_is_not_written_back(store: SessionStore, engine: Engine) -> None:
    session_id = store.open("default", "Ada", CONTENT)
    store.close(session_id)
    store.rewrite(session_id, {"access_token": "NEW"})
    assert store.find(session_id) is None and rows(engine, "browser_session") == []


def test_all_sessions_of_a_person_at_a_practice_end(store: SessionStore) -> None:
    mine = [store.open("default", "Ada", CONTENT) for _ in range(2)]
    others = [store.open("north", "Ada", CONTENT), store.open("default", "Eve", CONTENT)]
    assert store.close_all("default", "Ada") == 2
    assert [store.find(one) is None for one in (*mine, *others)] == [True, True, False, False]


@pytest.mark.parametrize(("browser", "state"), [("b", "other"), ("other", "s"), ("", "s"), ("s", "b")])
def test_a_sign_in_is_found_by_its_browser_and_state_only(store: SessionStore, browser: str, state: str) -> None:
    store.remember("default", "b", "s", CONTENT)
    assert store.take(browser, state) is None
    assert store.take("b", "s") == CONTENT
    assert store.take("b", "s") is None


@pytest.mark.parametrize(("after", "lives"), [(600, True), (601, False)])
def test_a_sign_in_is_over_after_ten_minutes(store: SessionStore, clock: Clock, after: int, lives: bool) -> None:
    store.remember("default", "b", "s", CONTENT)
    clock.now += after
    assert (store.take("b", "s") is not None) == lives


def test_a_session_whose_key_was_taken_away_is_over(store: SessionStore, engine: Engine, clock: Clock) -> None:
    session_id = store.open("default", "Ada", CONTENT)
    other = SessionStore(engine, Cipher("A" * 43 + "="), Lifetimes(), clock)
    assert other.find(session_id) is None
    assert store.find(session_id) is not None


def test_a_session_can_be_held_while_any_encounter_is(store: SessionStore, engine: Engine) -> None:
    """A token is renewed while an encounter is written; names that share a lock file would make the call wait for itself."""
    locking = open_lock_engine(engine)
    count = 1 if engine.dialect.name == "postgresql" else 600
    with exclusively(locking, "default main e1"):
        for number in range(count):
            with store.exclusively(f"session {number}"):
                pass


def test_everybody_of_a_practice_is_signed_out_at_once(engine: Engine, clock: Clock) -> None:
    sessions, ending = SessionStore(engine, Cipher(KEY), Lifetimes(), clock), SessionEnding(engine)
    here = [sessions.open("north", person, CONTENT) for person in ("ada", "bob")]
    elsewhere = sessions.open("south", "ada", CONTENT)
    sessions.remember("north", "browser", "state", CONTENT)
    assert (ending.count("north"), ending.end("north"), ending.count("north")) == (2, 2, 0)
    assert [sessions.find(one) for one in here] == [None, None]
    assert sessions.find(elsewhere) is not None
    assert sessions.take("browser", "state") is None
