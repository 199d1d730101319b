"""Composition of what follows decisions: what performs each kind of duty, and the server's own access to the EHRs of its tenants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

from fhir_coder.audit.entry import Agent, Auditor
from fhir_coder.coding.policy import outpatient
from fhir_coder.connections import EhrConnections, intake_policy, open_builtin_ehr, tenants_of
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.exchange import CodingRequest, Intake
from fhir_coder.installed import open_releases
from fhir_coder.kept_readings import KeptReadings
from fhir_coder.model import Assertions
from fhir_coder.pipeline import Coder
from fhir_coder.rechecking import Rechecker, release_of
from fhir_coder.record.again import EncounterSource
from fhir_coder.record.rereading import NoteReader
from fhir_coder.settings import Settings
from fhir_coder.signing.access import Access, Reads
from fhir_coder.signing.billing import BillingFollows
from fhir_coder.signing.ehr import EhrFollows
from fhir_coder.signing.following import Following
from fhir_coder.signing.performing import Perform
from fhir_coder.signing.query import Questions
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.start import Stores
from fhir_coder.tenant_settings import EhrSettings, Tenant
from fhir_coder.worklist.following import Kind
from terminology.release import Catalogue


def open_following(stores: Stores, tenants: Mapping[str, Tenant], catalogue: Catalogue, read: Reads, auditor: Auditor) -> Following:
    """What does the duties of all tenants. Another kind of duty is one more entry here."""

    def settings_of(tenant: str, ehr: str) -> EhrSettings | None:
        return ehr_of(tenants, tenant, ehr)

    questions = Questions(stores.repository, stores.reviews, stores.deliveries, stores.follow_ups.of)
    performers: dict[Kind, Perform] = {
        Kind.EHR: EhrFollows(
            stores.repository,
            stores.deliveries,
            read,
            settings_of,
            lambda coding: release_of(catalogue, coding).release.codebook,
            stores.follow_ups.is_overtaken,
            stores.reviews.is_last_signed,
        ),
        Kind.BILLING: BillingFollows(stores.outbox, stores.reviews.signatures, stores.follow_ups.is_overtaken),
        Kind.QUERY: questions.deliver,
        Kind.WITHDRAWAL: questions.withdraw,
    }
    return Following(stores.follow_ups, stores.repository, stores.reviews, performers, tenants, auditor, stores.deliveries)


def ehr_of(tenants: Mapping[str, Tenant], tenant: str, ehr: str) -> EhrSettings | None:
    """The EHR of a tenant by its id, if it is configured."""
    ehrs = tenants[tenant].ehrs if tenant in tenants else ()
    return next((one for one in ehrs if one.id == ehr), None)


class ServerAccess:
    """The server's own access: a static token, tokens that it asks for, or none where an EHR is open. An EHR that people launch from and that knows
    us by nothing else is not reached without a person."""

    def __init__(
        self, tenants: Mapping[str, Tenant], connect: Callable[[EhrSettings], EhrClient], intake: IntakePolicy, agent: Agent
    ) -> None:
        self._tenants = tenants
        self._connect = connect
        self._intake = intake
        self._agent = agent

    def __call__(self, coding: StoredEncounter) -> Access:
        """For one coding."""
        source = EncounterSource(NoteReader(self.client), self._gather)
        return Access(self.client(coding.tenant, coding.ehr), source, self._agent)

    def client(self, tenant: str, ehr: str) -> EhrClient | None:
        """The client of an EHR, None where the server has no access of its own."""
        found = ehr_of(self._tenants, tenant, ehr)
        return self._connect(found) if found and (found.token or found.backend or found.launch is None) else None

    def is_known(self, tenant: str, ehr: str) -> bool:
        """Whether the EHR knows the server by a token or registration of its own: what is open to everybody is no leave to pass by a person's scopes."""
        found = ehr_of(self._tenants, tenant, ehr)
        return found is not None and bool(found.token or found.backend)

    def _gather(self, coding: StoredEncounter) -> Intake:
        wanted = CodingRequest(coding.tenant, coding.encounter_reference.rpartition("/")[2], ehr=coding.ehr)
        tenant = self._tenants.get(coding.tenant)
        policy = replace(self._intake, sensitive=tenant.sensitive) if tenant else self._intake
        return gather(wanted, self.client(coding.tenant, coding.ehr), policy)


def open_background(settings: Settings, stores: Stores, build: Callable[[], Coder], agent: Agent) -> tuple[Following, ServerAccess]:
    """What works off duties outside the serving process. The coder that reads notes again is built when it is first needed."""
    sandbox = open_builtin_ehr(settings)
    tenants = tenants_of(settings, sandbox)

    @cache
    def rechecker() -> Rechecker:
        return Rechecker(build(), outpatient(settings.assign_probability), KeptReadings())

    def read(coding: StoredEncounter, access: Access) -> Assertions | None:
        return rechecker().assertions(coding, access.source)

    following = open_following(stores, tenants, open_releases(settings), read, stores.audit.record)
    connections = EhrConnections(sandbox, settings.private_networks)
    return following, ServerAccess(tenants, connections, intake_policy(settings), agent)
