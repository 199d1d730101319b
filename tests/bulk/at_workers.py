"""A bulk run whose encounters are coded by workers, all in one process: they work each time that the run looks for what has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.bulk.export import Export
from fhir_coder.bulk.folder import held, make_folder
from fhir_coder.bulk.run import Asked, Parts, Workers, run_bulk
from fhir_coder.bulk.worked_off import Codes, OfRun
from fhir_coder.exchange import CodingRequest, CodingResult, Resource
from fhir_coder.jobs.asked import Asked as JobAsked
from fhir_coder.jobs.job import JobLimits
from fhir_coder.jobs.work import Work
from fhir_coder.store.repository import Beside
from fhir_coder.store.start import Stores, open_stores
from tests.bulk.crashing import TENANT, Instant, progress, quiet
from tests.bulk.exports import lines_of
from tests.store.conftest import KEY
from tests.stores import store_in

AGENT = Agent(AgentKind.OPERATOR, "test")


@dataclass
class Choosing(Instant):
    """Codes at once, but for encounters that are told to fail."""

    errors: dict[str, Exception] = field(default_factory=dict)
    during: Callable[[], object] = lambda: None

    def propose(self, request: CodingRequest) -> CodingResult:
        """A made-up coding, or an error."""
        if request.encounter_id in self.errors:
            raise self.errors[request.encounter_id]
        self.during()
        return super().propose(request)

    def code(self, request: CodingRequest, beside: Beside | None = None) -> CodingResult:
        """Keep one, as the engine does for a worker."""
        result = self.propose(request)
        return replace(result, coding_id=self.repository.save(request.tenant, request.ehr, result, beside))


@dataclass
class Site:
    """``limits`` are those of jobs. ``between`` is called each time that the run looks for what has ended; by default all jobs that are due are done."""

    folder: Path
    export: Path
    limits: JobLimits = field(default_factory=lambda: JobLimits(attempts=1))
    window: int = 4
    between: Callable[[], object] | None = None

    def __post_init__(self) -> None:
        self.url = store_in(self.folder)
        self.stores: Stores = open_stores(self.url, KEY, jobs=self.limits)
        self.out = self.folder / "out"
        self.engine = Choosing(self.stores.repository)
        self.work = work_over(self.stores, lambda: self.engine)
        self.told: list[str] = []

    def run(self, at_workers: bool = True, **changes: Any) -> dict[str, Any]:
        """The report; ``changes`` are collaborators that are others than usual."""
        make_folder(self.out)
        workers = Workers(lambda: None, self.window, self.told.append) if at_workers else None
        given = {"ends": self.stores.bulk_ends, "append": self.stores.audit.append, "jobs": self.stores.run_jobs} | changes
        given["jobs"] = Between(given["jobs"], (self.between or self.work_off) if at_workers else lambda: None)
        parts = Parts(self._load, after_fork=lambda: None, reading=quiet(), progress=progress, workers=workers, **given)
        with held(self.out):
            return run_bulk(Asked(self.export, self.out, TENANT, "", "", 0 if at_workers else 1, AGENT), parts)

    def work_off(self) -> None:
        """Do all jobs that are due."""
        while self.work.do_next():
            pass

    def told_of(self) -> dict[str, list[str]]:
        """The sentences on each encounter."""
        found: dict[str, list[str]] = {}
        for one in lines_of(self.out, "OperationOutcome"):
            sentence = one["issue"][0]["diagnostics"]
            found.setdefault(sentence.partition(":")[0], []).append(sentence)
        return found

    def codings(self) -> Counter[str]:
        return Counter(one.encounter_reference for one in self.stores.repository.recent(TENANT, 999))

    def require_once(self, *encounters: str) -> None:
        """One coding and one set of lines for each of them, and nothing else."""
        expected = {f"Encounter/{one}": 1 for one in encounters}
        assert self.codings() == expected
        assert {one: len(told) for one, told in self.told_of().items()} == expected
        assert len({one["id"] for one in lines_of(self.out, "Condition")}) == len(lines_of(self.out, "Condition")) == len(encounters)
        assert self.stores.jobs.entries(TENANT) == ()

    def _load(self, export: Export) -> Callable[[], Codes]:
        return lambda: self.engine


@dataclass
class Between:
    """The jobs of a run, with something that happens before it looks."""

    jobs: Any
    happens: Callable[[], object]

    def ended(self, tenant: str, run: str, most: int) -> Any:
        """Jobs at their end."""
        self.happens()
        return self.jobs.ended(tenant, run, most)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.jobs, name)


def work_over(stores: Stores, engine: Callable[[], Codes]) -> Work:
    """What a worker does with encounters of runs; there are no other jobs."""

    def render(result: CodingResult, asked: JobAsked) -> Resource:
        raise AssertionError("no caller asked")

    def over(export: Export, tenant: str, ehr: str) -> Codes:
        return engine()

    of_run = partial(OfRun, engine_over=over)
    audit = stores.audit
    return Work(stores.job_claims, engine(), render, audit.append, audit.record, lambda result: None, lambda end: None, of_run=of_run)


def jobs_by_state(site: Site) -> Iterator[tuple[str, str]]:
    """Encounter and state of each job."""
    yield from ((one.encounter, one.state.value) for one in site.stores.jobs.entries(TENANT))
