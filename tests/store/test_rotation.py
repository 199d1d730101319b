"""Rotation of the store's key: everything under the newest one, whatever table it stands in, also when cut short or written to meanwhile."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import Counter

import pytest
from sqlalchemy import Engine, update

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.cipher import Cipher, new_store_key
from fhir_coder.store.engine import open_engine
from fhir_coder.store.repository import Repository
from fhir_coder.store.rotation import Rotation, encrypted_columns
from fhir_coder.store.tables import NoteRow
from fhir_coder.store.upgrade import upgrade
from tests.store.conftest import KEY, MARKER, coding_result

NEW = urlsafe_b64encode(bytes(range(32, 64))).decode()
COLUMNS = {
    "assignment.explanation",
    "coded_encounter.facts",
    "evidence.words",
    "note.text",
    "proposal.content",
    "receipt.outcome",
}


def filled(database_url: str, codings: int = 3) -> tuple[Engine, list[str]]:
    """A store with codings under the old key, and their ids."""
    engine = open_engine(database_url)
    upgrade(engine)
    store = Repository(engine, Cipher(KEY))
    return engine, [store.save("default", "main", coding_result()) for _ in range(codings)]


def needed(engine: Engine, keys: str) -> Counter[int | None]:
    return sum((one.by_key for one in Rotation(engine, Cipher(keys)).check()), Counter())


def test_every_encrypted_column_is_known() -> None:
    assert {f"{one.table.name}.{one.name}" for one in encrypted_columns()} >= COLUMNS


def test_after_a_rotation_the_new_key_alone_opens_everything(database_url: str) -> None:
    engine, ids = filled(database_url)
    before = needed(engine, KEY)[0]
    assert before > 20 and needed(engine, f"{NEW},{KEY}") == {1: before} and needed(engine, NEW) == {None: before}
    told: Counter[str] = Counter()
    assert Rotation(engine, Cipher(f"{NEW},{KEY}"), batch=2).rotate(lambda column, count: told.update({column: count})) == before
    assert set(told) == COLUMNS and sum(told.values()) == before
    assert needed(engine, NEW) == {0: before} and needed(engine, KEY) == {None: before}
    found = Repository(engine, Cipher(NEW)).get("default", ids[1])
    assert found is not None and MARKER in found.notes[0].text and MARKER in found.facts
    engine.dispose()


def test_a_rotation_that_was_cut_short_goes_on_where_it_is_needed(database_url: str) -> None:
    engine, _ = filled(database_url)
    rotation, told = Rotation(engine, Cipher(f"{NEW},{KEY}"), batch=2), []

    def stop(column: str, count: int) -> None:
        told.append(count)
        if len(told) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(stop)
    both = needed(engine, f"{NEW},{KEY}")
    assert both[0] == sum(told) and both[1] > 0
    assert rotation.rotate() == both[1] and needed(engine, NEW) == {0: both[0] + both[1]}
    assert rotation.rotate() == 0
    engine.dispose()


def test_what_the_server_writes_meanwhile_with_the_old_key_is_rotated_too(database_url: str) -> None:
    engine, _ = filled(database_url, 1)
    store, saved = Repository(engine, Cipher(KEY)), []

    def write(column: str, count: int) -> None:
        if column == "receipt.outcome" and not saved:  # the last column: all before it are done
            saved.append(store.save("default", "main", coding_result()))

    Rotation(engine, Cipher(f"{NEW},{KEY}")).rotate(write)
    assert saved and set(needed(engine, f"{NEW},{KEY}")) == {0}
    engine.dispose()


def test_a_value_that_changed_meanwhile_is_not_overwritten(database_url: str) -> None:
    engine, ids = filled(database_url, 1)
    cipher = Cipher(f"{NEW},{KEY}")

    rotation = Rotation(engine, cipher)
    column = next(one for one in encrypted_columns() if one.name == "text" and one.table.name == "note")
    rows = next(iter(rotation._rows(column)))
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(update(NoteRow).values(text=cipher.seal("later words")))
    assert rotation._replace(column, rows) == 0
    found = Repository(engine, cipher).get("default", ids[0])
    assert found is not None and found.notes[0].text == "later words"
    engine.dispose()


def test_what_no_key_opens_is_counted_and_left(database_url: str) -> None:
    engine, _ = filled(database_url, 1)
    count = needed(engine, KEY)[0]
    assert Rotation(engine, Cipher(f"{NEW},{new_store_key()}")).rotate() == 0
    assert needed(engine, KEY) == {0: count}
    engine.dispose()


def test_without_a_key_there_is_nothing_to_rotate(database_url: str) -> None:
    with pytest.raises(ConfigurationError, match="FHIR_CODER_KEY is empty"):
        Rotation(open_engine(database_url), Cipher(""))
