"""``fhir-coder keys`` for the store: a key made, counted, changed, and the status that says whether an old one may go."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import inspect, text

from fhir_coder.cli import main
from fhir_coder.store.engine import open_engine
from fhir_coder.store.sessions import Lifetimes
from fhir_coder.store.start import open_sessions, open_stores
from tests.store.conftest import KEY, coding_result
from tests.store.test_rotation import NEW
from tests.stores import store_in


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A store with one coding under the old key; returns what sets the keys of the command."""
    url = store_in(tmp_path)
    open_stores(url, KEY).repository.save("default", "", coding_result())
    monkeypatch.setenv("FHIR_CODER_DATABASE_URL", url)
    return monkeypatch


def run(store: pytest.MonkeyPatch, keys: str, action: str) -> int:
    store.setenv("FHIR_CODER_KEY", keys)
    return main(["keys", action])


def test_a_key_is_changed(store: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(store, f"{NEW},{KEY}", "check") == 1
    assert "note.text: key 2 opens 1\n" in capsys.readouterr().out
    assert run(store, f"{NEW},{KEY}", "rotate") == 0
    out = capsys.readouterr().out
    assert "note.text: the newest key opens 1\n" in out and out.endswith("the newest key opens everything: older keys may go\n")
    assert NEW not in out and KEY not in out
    assert run(store, NEW, "check") == 0


def sealed_values(url: str) -> dict[str, list[str]]:
    """Every value of the whole database that looks like one of Fernet, by table and column."""
    engine, found = open_engine(url), defaultdict(list)
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            for row in connection.execute(text(f"SELECT * FROM {table}")).mappings():
                for column, value in row.items():
                    found[f"{table}.{column}"] += [value] if str(value).startswith("gAAAA") else []
    engine.dispose()
    return {name: values for name, values in found.items() if values}


def test_the_command_alone_reaches_whatever_is_sealed_in_any_table(store: pytest.MonkeyPatch) -> None:
    """In a process of its own, which knows the tables only that it imports itself."""
    url = os.environ["FHIR_CODER_DATABASE_URL"]
    sessions = open_sessions(url, KEY, Lifetimes())
    sessions.open("default", "Practitioner/7", {"token": "t"})
    sessions.remember("default", "browser", "state", {"verifier": "v"})
    before = sealed_values(url)
    assert {"note.text", "coded_encounter.facts", "browser_session.content", "pending_sign_in.content"} <= set(before)
    store.setenv("FHIR_CODER_KEY", f"{NEW},{KEY}")
    done = subprocess.run([sys.executable, "-m", "fhir_coder.cli", "keys", "rotate"], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    after = sealed_values(url)
    assert {name: len(values) for name, values in after.items()} == {name: len(values) for name, values in before.items()}
    for name, values in after.items():
        for value in values:
            assert Fernet(NEW).decrypt(value.encode()), name


def test_what_no_key_opens_is_told(store: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(store, NEW, "rotate") == 1
    assert "note.text: no key opens 1\n" in capsys.readouterr().out


def test_without_a_key(store: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(store, "", "check") == 2
    assert "FHIR_CODER_KEY is empty" in capsys.readouterr().err


def test_a_new_key_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "new-store-key"]) == 0
    Fernet(capsys.readouterr().out.strip())


def test_a_new_key_in_a_file_is_its_owners_and_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "store.key"
    assert main(["keys", "new-store-key", "--out", str(path)]) == 0
    first = path.read_text(encoding="ascii")
    Fernet(first.strip())
    assert path.stat().st_mode & 0o777 == 0o600
    said = capsys.readouterr()
    assert first.strip() not in said.out + said.err
    assert main(["keys", "new-store-key", "--out", str(path)]) == 2 and path.read_text(encoding="ascii") == first
