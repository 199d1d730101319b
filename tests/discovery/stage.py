"""An EHR whose encounters have days and moments of change, and discovery over it with a clock that a test moves."""

from __future__ import annotations

import random
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from fhir_coder.audit.fhir_event import Observer
from fhir_coder.discovery.drop_folder import DropFolder
from fhir_coder.discovery.finding import Finder
from fhir_coder.discovery.looking import Looker
from fhir_coder.discovery.round import PATIENCE, Report, Round
from fhir_coder.discovery.telling import Telling
from fhir_coder.discovery.watched import Count
from fhir_coder.discovery_settings import Discovery, WayName, read_discovery
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.policy import DEFAULT_POLICY, IntakePolicy
from fhir_coder.exchange import CodingResult, Intake
from fhir_coder.jobs.asked import Asked, read
from fhir_coder.jobs.job import Answer, Job, JobLimits
from fhir_coder.note import Note
from fhir_coder.signing.following import duties_after
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.discovery import DiscoveryStore
from fhir_coder.store.engine import open_engine
from fhir_coder.store.job_claims import JobClaims
from fhir_coder.store.jobs import Jobs
from fhir_coder.store.repository import Repository
from fhir_coder.store.reviews import Reviews
from fhir_coder.store.standing import StandingCodings
from fhir_coder.store.upgrade import upgrade
from fhir_coder.tenant_settings import Tenant
from tests.simulated_ehr import Fault, Refusal, Resource, SimulatedEhr, full_statement
from tests.store.conftest import KEY, coding_result

TENANT, EHR = "north", "main"
START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
ALL_PARAMETERS = ("_id", "_count", "_lastUpdated", "date", "patient", "practitioner", "status", "identifier")
VENDORS = {
    "epic": ("class", "date", "identifier", "patient", "subject", "_count", "_id", "practitioner", "status", "type"),
    "athena": ("_id", "patient", "date", "_count", "_lastUpdated", "location", "service-provider", "practitioner"),
    "oracle": ("_id", "_count", "_lastUpdated", "account", "date", "identifier", "patient", "status", "subject"),
}
"""What the vendors' metadata lists of Encounter, as far as it matters here: Epic May 2026, athenahealth 2022-06-06, Oracle's API page."""


class Clock:
    """The time of everything."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def pass_by(self, **spans: float) -> None:
        self.now += timedelta(**spans)


class DatedEhr(SimulatedEhr):
    """Keeps the moment of each change by its own clock, and searches encounters by day and by change. ``asked`` are the queries of its searches;
    ``demands``: one of these parameters has to be there, as some vendors want."""

    def __init__(self, clock: Callable[[], datetime], listed: Sequence[str] = ALL_PARAMETERS, demands: Sequence[str] = ()) -> None:
        statement = full_statement()
        for one in statement["rest"][0]["resource"]:
            if one["type"] == "Encounter":
                one["searchParam"] = [{"name": name, "type": "token"} for name in listed]
        super().__init__(statement)
        self.clock = clock
        self.demands = tuple(demands)
        self.asked: list[str] = []

    def remove(self, address: str, status: int = 410) -> None:
        """It is not there any more; ``status`` is what who asks for it is told."""
        del self._history[address]
        self.faults.append(Fault(f"GET {address}", status, times=-1))

    def _store(self, resource: Resource, address: str) -> Resource:
        kept = super()._store(resource, address)
        if "meta" in kept:
            kept["meta"]["lastUpdated"] = self.clock().isoformat()
        return kept

    def _search(self, kind: str, query: str) -> Any:
        self.asked.append(f"{kind}?{query}")
        if kind == "Encounter" and self.demands and not any(f"{one}=" in query for one in self.demands):
            raise Refusal(400, "required", "a parameter is missing")
        return super()._search(kind, query)

    def _matches(self, kind: str, criteria: Sequence[tuple[str, str]], sees_new: bool) -> list[Resource]:
        found = super()._matches(
            kind, [one for one in criteria if one[0] not in {"_lastUpdated", "date", "status", "practitioner"}], sees_new
        )
        return [one for one in found if all(_meets(one, name, value) for name, value in criteria)]


def _meets(resource: Resource, name: str, value: str) -> bool:
    if name == "status":
        return bool(resource.get("status") == value)
    if name == "practitioner":
        return any(one["individual"]["reference"].endswith(f"/{value}") for one in resource.get("participant", ()))
    if name not in {"_lastUpdated", "date"}:
        return True
    text = resource["meta"]["lastUpdated"] if name == "_lastUpdated" else resource["period"]["start"]
    held, bound = (
        datetime.fromisoformat(one).astimezone(UTC) if "T" in one else datetime.fromisoformat(one).replace(tzinfo=UTC)
        for one in (text, value[2:])
    )
    return {"ge": held >= bound, "lt": held < bound, "gt": held > bound}[value[:2]]


@dataclass
class Stage:
    """Discovery of one EHR. ``discovery`` may be changed between rounds."""

    clock: Clock
    ehr: DatedEhr
    folder: Path
    discovery: Discovery
    url: str
    policy: IntakePolicy = DEFAULT_POLICY
    limits: JobLimits = field(default_factory=JobLimits)
    over: threading.Event = field(default_factory=threading.Event)
    changes: Callable[[CodingResult], CodingResult] = lambda made: made

    def __post_init__(self) -> None:
        engine = open_engine(self.url)
        upgrade(engine)
        self.engine, self.cipher = engine, Cipher(KEY)
        self.store = DiscoveryStore(engine, self.clock.seconds)
        self.jobs = Jobs(engine, self.cipher, self.limits, self.clock.seconds)
        self.claims = JobClaims(engine, self.cipher, self.limits, self.clock.seconds)
        self.repository = Repository(engine, self.cipher, self.clock)
        self.audit = AuditLog(engine, Observer())
        self.reviews = Reviews(engine, self.cipher, self.audit, self.clock)
        self.followed: list[str] = []

    def finder(self) -> Finder:
        return Finder(TENANT, EHR, self.discovery, self.store, self.policy.unfinished == "refuse", self.clock)

    def looker(self) -> Looker:
        return Looker(
            TENANT, EHR, self.discovery, self.store, self.jobs, self.repository, self.policy, *self._audit(), self.clock, self.telling()
        )

    def telling(self) -> Telling:
        """What is carried out at once is put down in ``followed``."""
        duties = partial(duties_after, Tenant(TENANT))
        standing = StandingCodings(self.engine)
        return Telling(TENANT, EHR, standing, self.reviews, self.repository.get, duties, lambda coding: self.follow(coding))

    def follow(self, coding: str) -> None:
        self.followed.append(coding)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(one) for one in connection.exec_driver_sql(query)]

    def _audit(self) -> tuple[Any, Any]:
        return self.audit.append, self.audit.record

    def round(self, **changes: Any) -> Report:
        """One round."""
        folders = [
            DropFolder(Path(way.folder), EHR, {EHR}, lambda ehr, found: self.store.note(TENANT, ehr, found), self.clock.seconds)
            for way in self.discovery.ways
            if way.name is WayName.DROP
        ]
        made = Round(
            TENANT, EHR, self.discovery, self.store, self.finder(), self.looker(), folders, self.client, self.clock, random.Random(1)
        )
        return replace(made, **changes).run(self.over)

    def client(self) -> EhrClient:
        """As the command makes it."""
        return self.ehr.client(retry=PATIENCE)

    def visit(self, name: str = "e1", **elements: Any) -> None:
        """A finished visit of today at the EHR, without a note."""
        self.ehr.put(
            {
                "resourceType": "Encounter",
                "id": name,
                "status": "finished",
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
                "subject": {"reference": "Patient/p1"},
                "participant": [{"individual": {"reference": "Practitioner/dr"}}],
                "period": {"start": "2026-05-04T08:00:00+00:00"},
            }
            | elements
        )

    def write_note(self, name: str = "d1", of: str = "e1", text: str = "Assessment: hypertension.", **elements: Any) -> None:
        """A signed note of a visit."""
        self.ehr.put(
            {
                "resourceType": "DocumentReference",
                "id": name,
                "status": "current",
                "docStatus": "final",
                "subject": {"reference": "Patient/p1"},
                "content": [{"attachment": {"contentType": "text/plain", "data": b64encode(text.encode()).decode()}}],
                "context": {"encounter": [{"reference": f"Encounter/{of}"}]},
            }
            | elements
        )

    def open_jobs(self) -> list[Job]:
        """Oldest first."""
        return list(reversed(self.jobs.entries(TENANT)))

    def asked(self) -> list[Asked]:
        """What the jobs that wait are asked, by claiming each."""
        found = []
        while claimed := self.claims.claim_next():
            found.append(read(claimed.asked))
        return found

    def code_next(self) -> CodingResult:
        """Do the next job as a worker would, on the notes that the EHR has now."""
        claimed = self.claims.claim_next()
        assert claimed is not None
        encounter = read(claimed.asked).request.encounter_id
        result = self.result(encounter)
        self.repository.save(
            TENANT,
            EHR,
            result,
            lambda connection, kept: self.claims.finish(connection, claimed, Answer(200, "{}"), kept.coding_id),
        )
        return result

    def result(self, encounter: str) -> CodingResult:
        """A coding of the notes that the EHR has now."""
        documents = [
            one for one in self.ehr.held("DocumentReference") if one["context"]["encounter"][0]["reference"] == f"Encounter/{encounter}"
        ]
        notes = tuple(
            Note(one["id"], self._text(one), f"DocumentReference/{one['id']}", version=one.get("meta", {}).get("versionId", ""))
            for one in documents
        )
        made = coding_result(f"Encounter/{encounter}")
        facts = replace(made.intake.encounter, notes=notes, service_date=datetime(2026, 5, 4).date())
        return self.changes(replace(made, intake=Intake(facts, {})))

    def _text(self, document: Resource) -> str:
        attachment = document["content"][0]["attachment"]
        binary = next((one for one in self.ehr.held("Binary") if attachment.get("url") == f"Binary/{one['id']}"), attachment)
        return b64decode(binary["data"]).decode()

    def standing(self) -> dict[str, int]:
        """How many encounters stand for which reason."""
        counts: Mapping[str, int] = {one.reason: one.count for one in self.counts()}
        return dict(counts)

    def counts(self) -> tuple[Count, ...]:
        return self.store.counts(TENANT, EHR)


def configured(*ways: Mapping[str, Any], **members: Any) -> Discovery:
    """Discovery by these ways."""
    return read_discovery(list(ways) or [{"way": "updated"}], **members)
