"""Backup and restore as docs/deploying.md describes them: taken while the server writes, restored elsewhere, whole, and gone on with."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url

from fhir_coder.app import open_all_stores
from fhir_coder.cli import main
from fhir_coder.jobs.job import State
from fhir_coder.settings import Settings
from fhir_coder.store.start import Stores
from tests.one_engine import create_app
from tests.running.processes import FHIR, add_job, parameters, states, until
from tests.store.conftest import KEY, _database_of_postgresql

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "deploying.md").read_text(encoding="utf-8").split("## Backup and restore")[1]
WAITING = 3


class Site:
    """A data folder and a database, and the server over them; jobs wait until somebody does them."""

    def __init__(self, data: Path, database_url: str, job_threads: int = 0) -> None:
        data.mkdir(exist_ok=True)
        shared = Settings.from_environment().data
        for name in ("releases", "index"):
            (data / name).symlink_to(shared / name)
        self.data = data
        self.variables = {
            "FHIR_CODER_DATA": str(data),
            "FHIR_CODER_DATABASE_URL": database_url,
            "FHIR_CODER_KEY": KEY,
            "FHIR_CODER_RATE_LIMIT": "",
            "FHIR_CODER_JOB_THREADS": str(job_threads),
        }

    def settings(self) -> Settings:
        return Settings.from_environment(self.variables, sandbox=True, builtin_ehr=False)

    def serve(self) -> Flask:
        return create_app(self.settings())

    def stores(self) -> Stores:
        return open_all_stores(self.settings())


class Writer:
    """Has the same encounter coded again and again, and tells of each coding."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on)
        self.statuses: list[int] = []

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _go_on(self) -> None:
        client = self._app.test_client()
        while not self._over.is_set():
            answer = client.post("/fhir/Encounter/$code-encounter", data=parameters(), headers={"Content-Type": FHIR})
            self.statuses.append(answer.status_code)

    def has_written(self) -> None:
        """One more coding was begun and kept after now."""
        before = len(self.statuses)
        until(lambda: len(self.statuses) >= before + 2)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """URLs of a database to back up and of one to restore to, which holds nothing yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.sqlite'}", f"sqlite:///{tmp_path / 'restored.sqlite'}"
        return
    if not shutil.which("pg_dump") or not shutil.which("pg_restore"):
        pytest.skip("pg_dump and pg_restore are not installed")
    with ExitStack() as held:
        yield held.enter_context(_database_of_postgresql()), held.enter_context(_database_of_postgresql())


def back_up(url: str, folder: Path) -> None:
    """The database, by the commands of the documentation."""
    made = make_url(url)
    if made.get_backend_name() == "sqlite":
        (statement,) = re.findall(r"\"(VACUUM INTO '[^']+')\"", TEXT)
        with closing(sqlite3.connect(str(made.database))) as connection:
            connection.execute(statement.replace("/backup/", f"{folder}/"))
        return
    (command,) = re.findall(r"^pg_dump (.+)$", TEXT, re.MULTILINE)
    run_postgresql("pg_dump", command, folder, url)


def restore(url: str, folder: Path) -> None:
    made = make_url(url)
    if made.get_backend_name() == "sqlite":
        shutil.copy(folder / "store.sqlite", str(made.database))
        return
    (command,) = re.findall(r"^pg_restore (.+)$", TEXT, re.MULTILINE)
    run_postgresql("pg_restore", command, folder, url)


def run_postgresql(program: str, options: str, folder: Path, url: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    arguments = [one.replace("/backup/", f"{folder}/").replace('"$URL"', plain).replace('"$NEW_URL"', plain) for one in options.split()]
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=120)
    if "server version mismatch" in done.stderr:
        pytest.skip("pg_dump is older than the server")
    assert done.returncode == 0, done.stderr


def command(site: Site, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    with monkeypatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("FHIR_CODER_") and not name.startswith("FHIR_CODER_TEST_")]:
            patch.delenv(name)
        for name, value in site.variables.items():
            patch.setenv(name, value)
        return main(list(arguments))


def test_a_store_is_backed_up_under_a_writer_and_restored_elsewhere(
    built: None, databases: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there, backup = Site(tmp_path / "there", databases[0]), tmp_path / "backup"
    backup.mkdir()
    app = there.serve()
    with closing(there.stores()) as stores:
        jobs = {add_job(stores, number).id for number in range(WAITING)}
        with Writer(app) as writer:
            writer.has_written()
            before = stores.audit.head("default")
            back_up(databases[0], backup)
            shutil.copytree(there.data / "artifacts", backup / "artifacts")
            writer.has_written()
        after = stores.audit.head("default")
    app.extensions["fhir_coder"].before_exit()
    assert set(writer.statuses) == {200} and before.sequence < after.sequence

    here = Site(tmp_path / "here", databases[1], job_threads=1)
    restore(databases[1], backup)
    shutil.copytree(backup / "artifacts", here.data / "artifacts")
    assert command(here, monkeypatch, "audit", "verify", "--head", f"{before.sequence}:{before.hash}") == 0
    assert command(here, monkeypatch, "audit", "verify", "--head", f"{after.sequence}:{after.hash}") == 1, "what is lost is seen"
    capsys.readouterr()
    assert command(here, monkeypatch, "trail", "--latest", "1") == 0
    coding = capsys.readouterr().out.split()[0]
    assert command(here, monkeypatch, "trail", coding) == 0
    assert "I10" in capsys.readouterr().out
    assert command(here, monkeypatch, "replay", coding) == 0

    with closing(here.stores()) as stores:
        assert states(stores) == [State.WAITING] * WAITING
        restored = here.serve()
        assert restored.test_client().get("/health/live").status_code == 200, "its threads begin with its first call"
        until(lambda: states(stores) == [State.DONE] * WAITING)
        restored.extensions["fhir_coder"].before_exit()
        done: Any = stores.jobs.entries("default")
        assert {job.id for job in done} == jobs and all(stores.repository.get("default", job.coding) for job in done)
    assert command(here, monkeypatch, "audit", "verify") == 0
