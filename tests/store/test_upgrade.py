"""Starting on an empty, a current and an unreachable database, alone and in company."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from fhir_coder.audit.chain import BEGINNING
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.errors import ConfigurationError
from fhir_coder.exchange import Artifacts, Configuration
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.repository import Repository
from fhir_coder.store.sessions import Lifetimes
from fhir_coder.store.start import open_sessions, open_stores
from fhir_coder.store.tables import Table
from fhir_coder.store.upgrade import MIGRATIONS, upgrade
from tests.store.conftest import KEY, coding_result

BEFORE_JOBS = "0018"
START = "import sys; from fhir_coder.store.start import open_stores; open_stores(sys.argv[1], '').repository.ping()"


def test_processes_that_start_at_once_agree(empty_database_url: str) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", START, empty_database_url], stderr=subprocess.PIPE) for _ in range(3)]
    errors = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    engine = open_engine(empty_database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    engine.dispose()


def test_upgrading_twice_changes_nothing(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    upgrade(engine)
    before = sorted(inspect(engine).get_table_names())
    upgrade(engine)
    assert sorted(inspect(engine).get_table_names()) == before
    engine.dispose()


OLD_ROW = """INSERT INTO coded_encounter (key, tenant, id, ehr, encounter_reference, patient_reference, release_id, release_status, versions,
    disposition, is_confident, created_at, engine_version) VALUES (1, 'default', 'old', 'main', 'Encounter/e1', 'Patient/p1', '2026-04-01',
    'covered', '{}', 'review', false, '2026-05-02 08:30:00', '0.1.0')"""
OLD_NOTE = """INSERT INTO note (tenant, coded_encounter, position, note_id, reference, content_type, sha256, length)
    VALUES ('default', 1, 0, 'n1', 'DocumentReference/n1', 'text/plain', 'abc', 3)"""


def test_a_store_of_the_first_version_is_taken_over(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    move(engine, "0001", command.upgrade)
    with engine.begin() as connection:
        connection.execute(text(OLD_ROW))
        connection.execute(text(OLD_NOTE))
    upgrade(engine)
    found = Repository(engine, Cipher("")).get("default", "old")
    assert found is not None
    assert (found.artifacts, found.configuration, found.is_inline, found.facts) == (Artifacts(), Configuration(), False, "")
    assert (found.notes[0].version, found.notes[0].authority) == ("", "")
    engine.dispose()


def test_the_way_back_leaves_the_first_tables(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    upgrade(engine)
    store = Repository(engine, Cipher(""))
    coding_id = store.save("default", "", coding_result())
    move(engine, "0001", command.downgrade)
    columns = {column["name"] for table in ("coded_encounter", "note") for column in inspect(engine).get_columns(table)}
    assert "query" not in {column["name"] for column in inspect(engine).get_columns("finding")}
    assert not columns & {"facts", "release_artifact", "recorded", "authority", "version"}
    upgrade(engine)
    found = store.get("default", coding_id)
    assert found is not None and [one.code for one in found.assignments] == ["R05.9", "Q87.89"] and len(found.notes) == 1
    assert found.findings[0].query is None and len(found.findings[0].evidence) == 1
    engine.dispose()


def test_each_step_and_its_way_back_keep_the_codings(database_url: str) -> None:
    """With a coding, an audit, a session and a used token in the tables, as far as they are there."""
    engine = open_engine(database_url)
    stores = open_stores(database_url, KEY)
    coding = stores.repository.save("default", "main", coding_result())
    stores.audit.record(AuditEntry("default", "code-encounter", Action.EXECUTE, Success.DONE, Agent(AgentKind.CLIENT, "engine")))
    stores.holds.place("default", "Patient/p1", "court", Agent(AgentKind.OPERATOR, "root"))
    stores.merging.merge("default", "Patient/p1", "Patient/p2", "", "same", Agent(AgentKind.OPERATOR, "root"))
    stores.hooks.first_use("default", "https://ehr.example", "j1", time.time() + 300)
    sessions = open_sessions(database_url, KEY, Lifetimes())
    sessions.open("default", "Practitioner/7", {"token": "t"})
    sessions.remember("default", "browser", "state", {})
    revisions = [one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    for revision in revisions[1:]:
        move(engine, revision, command.downgrade)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT patient_reference FROM coded_encounter")) == "Patient/p2", revision
            assert connection.scalar(text("SELECT count(*) FROM note")) == 1, revision
    for revision in reversed(revisions):
        move(engine, revision, command.upgrade)
    found = stores.repository.get("default", coding)
    assert found is not None and found.notes[0].text and found.billing_withheld == ""
    assert stores.audit.head("default") == BEGINNING and sessions.find("x") is None
    stores.audit.record(AuditEntry("default", "code-encounter", Action.EXECUTE, Success.DONE, Agent(AgentKind.CLIENT, "engine")))
    with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_event"))
    stores.close()
    sessions.close_connections()
    engine.dispose()


def test_the_newest_steps_are_taken_under_writers(database_url: str) -> None:
    """As in a rolling restart: servers of the version before go on coding while the first of the next one changes the tables."""
    engine, writers = open_engine(database_url), [open_engine(database_url) for _ in range(3)]
    upgrade(engine)
    for writer in writers:
        Repository(writer, Cipher(KEY)).save("default", "main", coding_result())
    move(engine, BEFORE_JOBS, command.downgrade)
    over, saved, failed = threading.Event(), Counter[int](), list[Exception]()

    def write(number: int) -> None:
        store = Repository(writers[number], Cipher(KEY))
        while not over.is_set():
            try:
                store.save("default", "main", coding_result(f"Encounter/e{number}-{saved[number]}"))
            except Exception as error:
                failed.append(error)
                return
            saved[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(len(writers))]
    for thread in threads:
        thread.start()
    for _ in range(3):
        seen = saved.total()
        wait_until(lambda seen=seen: saved.total() > seen or bool(failed))
        upgrade(engine)
        move(engine, BEFORE_JOBS, command.downgrade)
    upgrade(engine)
    seen = saved.total()
    wait_until(lambda: saved.total() > seen or bool(failed))
    over.set()
    for thread in threads:
        thread.join()
    assert failed == []
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM coded_encounter")) == saved.total() + len(writers)
        assert connection.scalar(text("SELECT count(*) FROM review")) == saved.total() + len(writers)
    for one in (engine, *writers):
        one.dispose()


def wait_until(is_so: Callable[[], bool], longest_s: float = 60.0) -> None:
    deadline = time.monotonic() + longest_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_tables_are_those_of_the_migrations(database_url: str) -> None:
    """A column that stands in only one of the two fails when somebody first needs it."""
    engine = open_engine(database_url)
    upgrade(engine)
    kept = {
        table: {column["name"]: bool(column["nullable"]) for column in inspect(engine).get_columns(table)}
        for table in inspect(engine).get_table_names()
        if table != "alembic_version"
    }
    declared = {name: {one.name: bool(one.nullable) for one in table.columns} for name, table in Table.metadata.tables.items()}
    assert kept == declared
    engine.dispose()


def move(engine: Engine, revision: str, how: Callable[[Config, str], None]) -> None:
    """Bring the tables to a revision."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        how(config, revision)


def test_sqlite_is_set_up_for_several_processes(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'store.sqlite'}")
    with engine.connect() as connection:
        names = ("journal_mode", "foreign_keys", "busy_timeout")
        assert [connection.scalar(text(f"PRAGMA {name}")) for name in names] == ["wal", 1, 15_000]
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "oracle://x",
        "postgresql+nodriver://x",
        "sqlite:////proc/none/store.sqlite",
        "postgresql+psycopg://u:secret@127.0.0.1:9/x",
    ],
)
def test_an_unusable_database_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_stores(url, "")
    assert "secret" not in str(caught.value)
