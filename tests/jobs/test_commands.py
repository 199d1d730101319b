"""``fhir-coder jobs`` and ``fhir-coder worker`` as an operator uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fhir_coder.bulk.of_workers import Ask
from fhir_coder.cli import main
from fhir_coder.jobs.job import Answer, Caller, Job, State
from fhir_coder.store.start import Stores, open_stores
from tests.store.conftest import KEY, MARKER
from tests.stores import store_in


class Desk:
    """A store of its own with jobs, and the command line on it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.url = store_in(folder)
        monkeypatch.setenv("FHIR_CODER_DATABASE_URL", self.url)
        monkeypatch.setenv("FHIR_CODER_KEY", KEY)
        self.stores: Stores = open_stores(self.url, KEY)

    def add(self, tenant: str = "north") -> Job:
        asked = json.dumps({"note": MARKER})
        return self.stores.jobs.add(tenant, Caller("engine", f"address {len(self.jobs(tenant))} {tenant}"), asked, "Encounter/e1")

    def jobs(self, tenant: str = "north") -> tuple[Job, ...]:
        return self.stores.jobs.entries(tenant)

    def run(self, *arguments: str, tenant: str = "north") -> tuple[int, str, str]:
        status = main(["jobs", *arguments, "--tenant", tenant])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def events(self, tenant: str = "north") -> list[tuple[str, str]]:
        lines = [json.loads(one.content) for one in self.stores.audit.lines(tenant)]
        return [(one["subtype"][-1]["code"], one["action"]) for one in lines]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    made = Desk(tmp_path, monkeypatch, capsys)
    yield made
    made.stores.close()


def dead(desk: Desk, tenant: str = "north") -> Job:
    job = desk.add(tenant)
    while True:
        claimed = desk.stores.job_claims.claim(job.id)
        assert claimed is not None
        if not desk.stores.job_claims.postpone(claimed, -10, "FC201"):
            with desk.stores.job_claims.writing() as connection:
                desk.stores.job_claims.give_up(connection, claimed, "FC201")
            return next(one for one in desk.jobs(tenant) if one.id == job.id)


def test_a_job_of_a_bulk_run_names_it_and_is_not_dropped_once_it_is_coded(desk: Desk) -> None:
    run = "r" * 32
    desk.stores.run_jobs.take_on("north", run, [Ask("Encounter/e1", MARKER)])
    assert f"run {run}" in desk.run("list")[1]
    claimed = desk.stores.job_claims.claim_next()
    assert claimed is not None
    with desk.stores.job_claims.writing() as connection:
        desk.stores.job_claims.finish(connection, claimed, Answer(200, MARKER), "c1")
    assert desk.run("drop", claimed.job.id)[0] == 2
    assert [job.state for job in desk.jobs()] == [State.DONE]


def test_jobs_are_listed_by_tenant_and_state_without_words(desk: Desk) -> None:
    first, waiting = dead(desk), desk.add()
    desk.add("south")
    status, told, _ = desk.run("list")
    lines = told.splitlines()
    assert status == 0 and [line.split()[0] for line in lines] == [waiting.id, first.id]
    assert lines[1].split("  ")[2:] == ["dead", "interactive", "tries 5", "Encounter/e1", "FC201"]
    _, told, _ = desk.run("list", "--state", "dead", "--json")
    row = json.loads(told)
    assert (row["id"], row["state"], row["priority"], row["error"], row["attempts"]) == (first.id, "dead", "interactive", "FC201", 5)
    assert MARKER not in told and "address" not in told
    assert desk.events() == [("job-list", "R")] * 2


def test_dead_jobs_are_tried_again_all_or_those_that_are_named(desk: Desk) -> None:
    jobs = [dead(desk) for _ in range(3)]
    others = dead(desk, "south")
    assert desk.run("retry", jobs[1].id)[:2] == (0, "1 jobs wait once more\n")
    assert [one.state for one in reversed(desk.jobs())] == [State.DEAD, State.WAITING, State.DEAD]
    assert desk.run("retry")[:2] == (0, "2 jobs wait once more\n")
    assert {one.state for one in desk.jobs()} == {State.WAITING}
    assert desk.jobs("south")[0] == others
    assert desk.run("retry")[:2] == (0, "0 jobs wait once more\n")
    assert desk.events() == [("job-retry", "U")] * 3


def test_a_job_that_is_not_dead_or_anothers_is_not_tried_again(desk: Desk) -> None:
    waiting, others = desk.add(), dead(desk, "south")
    for job in (waiting, others):
        status, _, error = desk.run("retry", job.id)
        assert status == 2 and "FC105" in error and "no dead job" in error
    assert desk.events() == []


def test_a_job_is_dropped_with_what_it_holds(desk: Desk) -> None:
    job, others = desk.add(), desk.add("south")
    claimed = desk.stores.job_claims.claim(job.id)
    assert claimed is not None
    with desk.stores.job_claims.writing() as connection:
        desk.stores.job_claims.finish(connection, claimed, Answer(200, "{}"), "c1")
    assert desk.run("drop", others.id)[0] == 2
    assert desk.run("drop", job.id)[:2] == (0, "1 jobs taken back\n")
    assert desk.jobs()[0].state is State.CANCELLED and desk.jobs("south")[0].state is State.WAITING
    assert desk.events() == [("job-drop", "D")]
    assert desk.run("drop", job.id)[0] == 2


@pytest.mark.parametrize(
    ("environment", "said"),
    [({}, "FHIR_CODER_BROKER_URL"), ({"FHIR_CODER_BROKER_URL": "redis://127.0.0.1:9/0"}, "FHIR_CODER_KEY")],
    ids=["no broker", "no key"],
)
def test_a_worker_without_what_it_needs_does_not_start(
    environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FHIR_CODER_KEY", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["worker"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("count", ["0", "257", "-1", "many"])
def test_a_worker_has_a_number_of_processes(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["worker", "--processes", count])
    assert "1 to 256" in capsys.readouterr().err
