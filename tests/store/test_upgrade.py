"""Starting on an empty, a current and an unreachable database, alone and in company."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.engine import open_engine
from fhir_coder.store.start import open_repository
from fhir_coder.store.upgrade import upgrade

START = "import sys; from fhir_coder.store.start import open_repository; open_repository(sys.argv[1], '').ping()"


def test_processes_that_start_at_once_agree(database_url: str) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", START, database_url], stderr=subprocess.PIPE) for _ in range(3)]
    errors = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    engine = open_engine(database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    engine.dispose()


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    engine = open_engine(database_url)
    upgrade(engine)
    before = sorted(inspect(engine).get_table_names())
    upgrade(engine)
    assert sorted(inspect(engine).get_table_names()) == before
    engine.dispose()


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
        open_repository(url, "")
    assert "secret" not in str(caught.value)
