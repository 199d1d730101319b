"""A practice whose coder signs: a store, an EHR in memory, and everything that follows a decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fhir_coder.audit.entry import Agent, AgentKind, AuditEntry
from fhir_coder.billing_settings import BillingDestination, Kind
from fhir_coder.exchange import CodingResult, ReleaseUse
from fhir_coder.model import Assertions, Encounter
from fhir_coder.signing.access import Access
from fhir_coder.signing.billing import BillingFollows
from fhir_coder.signing.ehr import EhrFollows
from fhir_coder.signing.following import Following
from fhir_coder.signing.query import Questions
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.reviews import Checked, Maker
from fhir_coder.store.start import Stores, open_stores
from fhir_coder.tenant_settings import EhrSettings, Tenant
from fhir_coder.worklist.decision import Decision, Someone
from fhir_coder.worklist.following import FollowUp
from fhir_coder.worklist.following import Kind as Duties
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.delivery import deliver
from fhir_coder.writeback.terms import terms_of
from terminology.codebook import Codebook
from tests.simulated_ehr import Resource, SimulatedEhr, full_statement
from tests.store.conftest import KEY
from tests.stores import store_in
from tests.writeback.practice import ENCOUNTER, proposal_of

CODER = Maker(Someone("Practitioner/coder", "https://ehr.invalid", "Ada Coder"))
TITLES = {"E11.9": "Type 2 diabetes mellitus without complications", "E11.22": "Type 2 diabetes with CKD", "I10": "Essential hypertension"}
TYPES = ("Condition", "Claim", "Task", "Provenance", "Encounter", "Patient", "Practitioner", "Communication")


class Titles:
    """A code set of few codes."""

    def title(self, code: str) -> str:
        return TITLES[code]

    def __contains__(self, code: str) -> bool:
        return code in TITLES

    def normalize(self, code: str) -> str:
        return code if code in TITLES else ""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *_: ()


@dataclass
class Practice:
    """One encounter, coded and proposed to the EHR, on a coder's desk."""

    stores: Stores
    ehr: SimulatedEhr
    settings: EhrSettings
    coding_id: str
    facts: Encounter = ENCOUNTER
    assertions: Assertions | None = None
    has_access: bool = True
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)

    def __post_init__(self) -> None:
        billing = BillingDestination(Kind.CSV, folder="/nowhere")
        tenants: Mapping[str, Tenant] = {"default": Tenant("default", (self.settings,), billing=(billing,))}
        ehr = EhrFollows(
            self.stores.repository,
            self.stores.deliveries,
            lambda coding, access: self.read(coding, access),
            lambda tenant, ehr: self.settings if ehr == self.settings.id else None,
            lambda coding: cast(Codebook, Titles()),
            self.stores.follow_ups.is_overtaken,
            self.stores.reviews.is_last_signed,
        )
        questions = Questions(self.stores.repository, self.stores.reviews, self.stores.deliveries, self.stores.follow_ups.of)
        performers = {
            Duties.EHR: ehr,
            Duties.BILLING: BillingFollows(self.stores.outbox, self.stores.reviews.signatures, self.stores.follow_ups.is_overtaken),
            Duties.QUERY: questions.deliver,
            Duties.WITHDRAWAL: questions.withdraw,
        }
        store = self.stores
        self.following = Following(
            store.follow_ups, store.repository, store.reviews, performers, tenants, self.audit.append, store.deliveries
        )

    @property
    def coding(self) -> StoredEncounter:
        found = self.stores.repository.get("default", self.coding_id)
        assert found is not None
        return found

    def decide(self, *decisions: Decision) -> None:
        """Decide, without doing yet what follows."""
        for decision in decisions:
            opened = self.stores.reviews.find("default", self.coding_id)
            assert opened is not None
            duties = self.following.duties(self.coding, decision, opened.history)
            self.stores.reviews.decide("default", self.coding_id, opened.review.version, decision, CODER, Checked(), duties)

    def follow(self, is_asked: bool = True) -> list[FollowUp]:
        """Do what is due; how everything stands then."""
        self.following.carry_out("default", self.access, self.coding_id, is_asked)
        return list(self.following.of("default", self.coding_id))

    def access(self, coding: StoredEncounter) -> Access:
        source = SimpleNamespace(facts=lambda coding: self.facts)
        return Access(
            self.ehr.client() if self.has_access else None, source, Agent(AgentKind.PERSON, "Practitioner/coder", "https://ehr.invalid")
        )

    def read(self, coding: StoredEncounter, access: Access) -> Assertions | None:
        """What the notes say; what happens ``meanwhile``, before the EHR is written, happens now."""
        if self.meanwhile:
            self.meanwhile.pop()()
        return self.assertions

    def code_again(self, *codes: str) -> str:
        """Code the encounter once more; from then on its newer coding is on the desk. Gives the earlier one."""
        earlier = self.coding_id
        self.coding_id = _coded(self.stores, self.ehr, codes)
        return earlier

    def conditions(self) -> dict[str, str]:
        """Code and verificationStatus of every Condition."""
        return {one["code"]["coding"][0]["code"]: one["verificationStatus"]["coding"][0]["code"] for one in self.ehr.held("Condition")}

    def one(self, kind: str) -> Resource:
        [found] = self.ehr.held(kind)
        return found


def statement(**options: Any) -> Resource:
    return full_statement(types=TYPES, **options)


def open_practice(folder: Path, ehr: SimulatedEhr, database_url: str = "", **settings: Any) -> Practice:
    """Code the encounter with hypertension and diabetes, and propose that to the EHR."""
    stores = open_stores(database_url or store_in(folder), KEY)
    coding_id = _coded(stores, ehr, ("I10", "E11.9"))
    return Practice(stores, ehr, EhrSettings("main", "https://simulated.invalid/fhir/R4", **settings), coding_id)


def _coded(stores: Stores, ehr: SimulatedEhr, codes: tuple[str, ...]) -> str:
    proposal = proposal_of(codes)
    bundle = build_bundle(proposal)
    terms = terms_of(proposal, None, stores.repository.written("default", "main", "Encounter/e1"))
    receipt = deliver(bundle, ehr.client(), terms)
    release = ReleaseUse("2026-04-01", date(2026, 4, 1), date(2026, 9, 30), "covered")
    result = CodingResult(replace(proposal.intake), proposal.disposition, release, bundle, receipt)
    return stores.repository.save("default", "main", result)


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    made = open_practice(tmp_path, SimulatedEhr(statement()))
    yield made
    made.stores.close()
