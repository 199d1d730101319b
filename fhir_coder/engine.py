"""The engine behind the API: a coding request in, a coding result out, with the EHR read and written and the result kept.

This is the line of :mod:`fhir_coder.pipeline` with its two ends: intake before it, write-back and store after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fhir_coder.api.health import Readiness
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.ehr.probe import EhrProbe
from fhir_coder.errors import Forbidden, RequiredMissing, Uncodable
from fhir_coder.exchange import CodingRequest, CodingResult, Resource
from fhir_coder.pipeline import Coder
from fhir_coder.settings import EhrSettings, Tenant
from fhir_coder.store.repository import Repository
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.delivery import deliver
from fhir_coder.writeback.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Engine:
    """Collaborators of the whole job; ``connect`` gives the client for an EHR, ``probe`` asks whether EHRs answer, ``now`` tells the time (aware)."""

    coder: Coder
    policy: CodingPolicy
    tenants: Mapping[str, Tenant]
    repository: Repository
    connect: Callable[[EhrSettings], EhrClient]
    probe: EhrProbe
    now: Callable[[], datetime]

    def code(self, request: CodingRequest) -> CodingResult:
        """Gather, code, propose, deliver, keep. Raises the errors of :mod:`fhir_coder.errors`; what was written stands in the receipt."""
        ehr = self._ehr(request)
        client = self.connect(ehr) if ehr else None
        intake = gather(request, client)
        if request.write_back and not intake.encounter.patient.id:
            raise Uncodable(
                "writeBack needs the patient: no subject of the Encounter and no Patient with an id", expression=("Encounter.subject",)
            )
        disposition, release = self.coder.code_encounter(intake.encounter, self.policy)
        bundle = build_bundle(Proposal(request.tenant, intake, disposition, self.now()))
        receipt = self._deliver(bundle, client, request)
        result = CodingResult(intake, disposition, release, bundle, receipt)
        self.repository.save(request.tenant, ehr.id if ehr else "", result)
        return result

    def has_tenant(self, tenant: str) -> bool:
        """Whether the tenant is configured."""
        return tenant in self.tenants

    def has_ehr(self, tenant: str, ehr: str) -> bool:
        """Whether the tenant has an EHR of that id."""
        return tenant in self.tenants and any(one.id == ehr for one in self.tenants[tenant].ehrs)

    def readiness(self) -> Readiness:
        """Whether release, index and store answer; the EHRs' state is told and never decides."""
        return Readiness(
            checks={"release": self._check(self._release), "index": self._check(self._index), "store": self._check(self._store)},
            covered=tuple((r.id, r.effective_from, r.effective_to) for r in self.coder.catalogue.releases),
            caveats={r.id: r.caveat for r in self.coder.catalogue.releases if r.caveat},
            ehrs=self.probe.states({f"{tenant.id}/{ehr.id}": ehr for tenant in self.tenants.values() for ehr in tenant.ehrs}),
        )

    def _ehr(self, request: CodingRequest) -> EhrSettings | None:
        """The EHR of the caller's tenant that the request names, or the tenant's first; never an address from the request."""
        ehrs = self.tenants[request.tenant].ehrs
        if not request.ehr:
            return ehrs[0] if ehrs else None
        for ehr in ehrs:
            if ehr.id == request.ehr:
                return ehr
        raise Forbidden("this tenant has no EHR of that id", expression=("Parameters.parameter.where(name='ehr')",))

    def _deliver(self, bundle: Resource, client: EhrClient | None, request: CodingRequest) -> Resource | None:
        if not request.write_back:
            return None
        if client is None:
            raise RequiredMissing("writeBack needs an EHR, and none is configured for this tenant")
        return deliver(bundle, client)

    def _check(self, probe: Callable[[], str]) -> tuple[bool, str]:
        try:
            return True, probe()
        except Exception as error:
            return False, type(error).__name__

    def _release(self) -> str:
        return self.coder.catalogue.newest.id

    def _index(self) -> str:
        return self.coder.index_for(self.coder.catalogue.newest).manifest.release_id

    def _store(self) -> str:
        self.repository.ping()
        return "reachable"
