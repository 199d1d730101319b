"""A server that answers later, over a store of its own and an engine that fails when it is told to. Nothing is done until a test says so."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_coder.api.blueprint import Later, create_api, install_error_handlers
from fhir_coder.api.guards import Guards
from fhir_coder.api.operation import answer_of
from fhir_coder.audit.entry import AuditEntry
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.errors import NotRecorded
from fhir_coder.exchange import CodingRequest, CodingResult, Resource
from fhir_coder.jobs.asked import Asked
from fhir_coder.jobs.job import Job, JobLimits
from fhir_coder.jobs.work import Work
from fhir_coder.settings import Settings
from fhir_coder.store.repository import Beside, Repository
from fhir_coder.store.start import Stores, open_stores
from fhir_coder.throttle.rates import open_counters
from tests.api.conftest import FixedRisk, SmallEngine, coding_result, parameters, post
from tests.smart.issuer import ISSUER, key_set, token
from tests.store.conftest import KEY
from tests.stores import store_in

PUBLIC_URL = "https://coder.example"
CODE = "/fhir/Encounter/e1/$code-encounter"
ASYNC = {"Prefer": "respond-async"}
WRITE = parameters({"name": "writeBack", "valueBoolean": True})


class KeepingEngine(SmallEngine):
    """Keeps what it codes, as the engine does. ``errors`` come first, one a call; ``during`` is called in the midst of a coding, ``change`` makes another
    result of it."""

    def __init__(self, repository: Repository) -> None:
        super().__init__()
        self._repository = repository
        self.errors: list[Exception] = []
        self.during: Callable[[], object] = lambda: None
        self.change: Callable[[CodingResult], CodingResult] = lambda result: result

    def code(self, request: CodingRequest, beside: Beside | None = None) -> CodingResult:
        self.requests.append(request)
        self.during()
        if self.errors:
            raise self.errors.pop(0)
        result = self.change(coding_result(request))
        return replace(result, coding_id=self._repository.save(request.tenant, "main", result, beside))


class Stage:
    """``tokens``: the tenants ``default`` and ``north`` ask for one. ``told`` counts how often something was told of a new job, which is done with
    ``tell``."""

    def __init__(self, folder: Path, limits: JobLimits = JobLimits(), key: str = KEY, tokens: bool = False, **environment: str) -> None:  # noqa: B008 (a constant)
        if tokens:
            (folder / "keys.json").write_bytes(key_set())
            trust = {"issuer": ISSUER, "jwks_file": str(folder / "keys.json")}
            environment["FHIR_CODER_TENANTS"] = json.dumps([{"id": one, "trust": trust} for one in ("default", "north")])
        settings = Settings.from_environment({"FHIR_CODER_PUBLIC_URL": PUBLIC_URL} | environment, sandbox=True)
        self.stores: Stores = open_stores(store_in(folder), key, Observer("coder.example"), jobs=limits)
        self.engine = KeepingEngine(self.stores.repository)
        self.entries: list[AuditEntry] = []
        self.told = 0
        self.tell: Callable[[], object] = lambda: None
        self._is_full = False
        guards = Guards.of(settings, open_counters("", folder), self._note)
        self.metrics = guards.metrics
        self.room = guards.room
        self.ends: list[str] = []
        self.work = self.make_work()
        app = Flask("later", static_folder=None)
        app.register_blueprint(create_api(self.engine, settings, FixedRisk(), guards=guards, later=Later(self.stores.jobs, self._taken_on)))
        install_error_handlers(app)
        self.http: FlaskClient = app.test_client()

    def make_work(self, **changes: Any) -> Work:
        """What does jobs over this store."""

        def render(result: CodingResult, asked: Asked) -> Resource:
            return answer_of(result, asked.ignored, asked.request.include_text, FixedRisk())

        given = {
            "claims": self.stores.job_claims,
            "engine": self.engine,
            "render": render,
            "append": self.stores.audit.append,
            "record": self._note,
            "done": self.metrics.count_result,
            "count": self.ends.append,
            "now": lambda: datetime.now(UTC),
            "chance": random.Random(7),
        }
        return Work(**given | changes)

    @contextmanager
    def writing_nothing(self) -> Iterator[None]:
        """The audit cannot be written meanwhile."""
        self._is_full = True
        yield
        self._is_full = False

    def _note(self, entry: AuditEntry) -> None:
        if self._is_full:
            raise NotRecorded("the audit cannot be written, and what cannot be written down is not done")
        self.entries.append(entry)
        self.stores.audit.record(entry)

    def _taken_on(self) -> None:
        self.told += 1
        self.tell()

    def kick_off(self, body: bytes | None = None, url: str = CODE, **headers: str) -> TestResponse:
        """A call that does not wait."""
        return post(self.http, url, body, **ASYNC | headers)

    def ask(self, answer: TestResponse | str, method: str = "GET", **headers: str) -> TestResponse:
        """At the address that the kick-off gave."""
        address = answer if isinstance(answer, str) else answer.headers["Content-Location"]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.open(address.removeprefix(PUBLIC_URL), method=method, headers=named)

    def jobs(self, tenant: str = "default") -> tuple[Job, ...]:
        return self.stores.jobs.entries(tenant)

    def codings(self, tenant: str = "default") -> int:
        return len(self.stores.repository.recent(tenant, 99))

    def events(self, tenant: str = "default") -> list[dict[str, Any]]:
        """What stands in the audit."""
        return [json.loads(line.content) for line in self.stores.audit.lines(tenant)]

    def close(self) -> None:
        self.stores.close()


def bearer(**claims: Any) -> dict[str, str]:
    """A good token with changed claims, as a header."""
    return {"Authorization": f"Bearer {token(**claims)}"}


def wait_until(is_so: Callable[[], bool], longest_s: float = 20.0) -> None:
    """Raises AssertionError where it does not come to be."""
    deadline = time.monotonic() + longest_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)


@pytest.fixture
def make_stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Makes a stage that is closed at the end."""
    made: list[Stage] = []

    def make(**given: Any) -> Stage:
        made.append(Stage(tmp_path, **given))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """One as it comes."""
    return make_stage()
