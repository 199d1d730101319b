"""PostgreSQL restored to a moment by the commands of docs/deploying.md: what was kept before it is there, whole, and what came after it is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.cli import main
from fhir_coder.store.start import Stores, open_stores
from tests.crashes.services import PostgreSQL, free_port, wait_until
from tests.store.conftest import KEY, coding_result

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "deploying.md").read_text(encoding="utf-8").split("### To a moment")[1]
SETTINGS, BACK_UP, GIVE_OUT, RESTORE = re.findall(r"^```\n(.+?)^```$", TEXT, re.MULTILINE | re.DOTALL)[:4]
MOMENT = "2026-11-27 03:15:00+00"
_US = Agent(AgentKind.SOFTWARE)


class Site:
    """A cluster that archives its log into a folder, the commands of the documentation for it, and the cluster that they make of it elsewhere."""

    def __init__(self) -> None:
        self.old = PostgreSQL("--wal-segsize=1")
        self._plain = self.old.url.replace("+psycopg", "")
        self._port = free_port()
        self.new_url = f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"
        self._sh("mkdir -p backup/wal")
        self._sh(f"cat >> '{self.old.folder}/postgresql.conf' <<'END'\n{self._placed(SETTINGS)}END")
        self.old.start()

    def back_up(self) -> None:
        """But for the disk, which nobody cuts the power of."""
        self._sh(self._placed(BACK_UP).replace("pg_basebackup ", "pg_basebackup --no-sync "))

    def give_out(self) -> None:
        name = self._sh(GIVE_OUT).strip()
        wait_until((self.old.place / "backup" / "wal" / name).exists, what="the archive")

    def restore(self, moment: str) -> None:
        assert MOMENT in RESTORE and "pg_ctl " in RESTORE
        elsewhere = f"-p {self._port} -c unix_socket_directories='{self.old.place}'"
        script = self._placed(RESTORE).replace(MOMENT, moment).replace("pg_ctl ", f'pg_ctl --options "{elsewhere}" ')
        self._sh(script, self.new_url.replace("+psycopg", ""))

    def ask(self, statement: str) -> str:
        return self.old.run("psql", "--tuples-only", "--no-align", "--command", statement, self._plain).strip()

    def remove(self) -> None:
        if (self.old.place / "restored" / "postmaster.pid").exists():
            self._sh("pg_ctl --pgdata restored --mode immediate stop")
        self.old.remove()

    def _placed(self, text: str) -> str:
        place = str(self.old.place)
        return text.replace("/backup/", f"{place}/backup/").replace("/var/lib/postgresql/", f"{place}/")

    def _sh(self, script: str, url: str = "") -> str:
        return self.old.run("sh", "-e", "-c", script, URL=url or self._plain)


@pytest.fixture
def site() -> Iterator[Site]:
    if PostgreSQL.missing:
        pytest.skip(PostgreSQL.missing)
    made = Site()
    yield made
    made.remove()


def keep(stores: Stores, encounter: str) -> str:
    """A coding and its event; the head of the audit with it."""

    def write_down(connection: object, result: object) -> None:
        entry = AuditEntry("default", "code-encounter", Action.EXECUTE, Success.DONE, _US, entities=(f"Encounter/{encounter}",))
        stores.audit.append(connection, entry)  # type: ignore[arg-type]

    stores.repository.save("default", "main", coding_result(f"Encounter/{encounter}"), write_down)
    head = stores.audit.head("default")
    return f"{head.sequence}:{head.hash}"


def encounters(stores: Stores) -> list[str]:
    return [one.encounter_reference for one in stores.repository.recent("default", 9)]


@pytest.fixture
def command(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """A command of ours on the restored database."""

    def run(*arguments: str) -> int:
        monkeypatch.setenv("FHIR_CODER_DATABASE_URL", site.new_url)
        monkeypatch.setenv("FHIR_CODER_KEY", KEY)
        return main(list(arguments))

    return run


def test_a_database_is_restored_to_the_moment_before_a_mishap(site: Site, command: Callable[..., int]) -> None:
    with closing(open_stores(site.old.url, KEY, Observer("coder.example"))) as stores:
        keep(stores, "in-the-base-backup")
        site.back_up()
        before = keep(stores, "in-the-log")
        moment = site.ask("SELECT clock_timestamp()")
        after = keep(stores, "after-the-moment")
    site.ask("DROP TABLE job, coded_encounter CASCADE")
    site.give_out()
    site.restore(moment)

    assert command("audit", "verify", "--head", before) == 0
    assert command("audit", "verify", "--head", after) == 1, "what is lost is seen"
    with closing(open_stores(site.new_url, KEY, Observer("coder.example"))) as restored:
        assert encounters(restored) == ["Encounter/in-the-log", "Encounter/in-the-base-backup"]
        assert restored.jobs.entries("default") == ()
        keep(restored, "after-the-restore")
        assert len(encounters(restored)) == 3
    assert command("audit", "verify") == 0
