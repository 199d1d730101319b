"""The engine behind the API: a coding request in, a coding result out, with the EHR read and written and the result kept.

This is the line of :mod:`fhir_coder.pipeline` with its two ends: intake before it, write-back and store after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from fhir_coder.api.health import Readiness
from fhir_coder.checking import CheckedCodes, GivenCodes, check_given
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.disposition import Policy
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.ehr.policy import DEFAULT_POLICY, IntakePolicy
from fhir_coder.ehr.probe import EhrProbe
from fhir_coder.errors import Forbidden, RequiredMissing, Uncodable
from fhir_coder.exchange import CallerLimits, CodingRequest, CodingResult, Intake, Resource
from fhir_coder.keeping import Keeping
from fhir_coder.notes.formats import NoteText, read_note
from fhir_coder.pipeline import Coder
from fhir_coder.reconciliation import agreed_conditions, with_ours_known
from fhir_coder.stages import Observe, Stage, runs_as, unobserved
from fhir_coder.store.repository import Beside, BesideAll, Repository
from fhir_coder.tenant_settings import EhrSettings, Tenant
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.delivery import deliver
from fhir_coder.writeback.proposal import Proposal
from fhir_coder.writeback.terms import read_earlier, terms_of


def always(tenant: str) -> bool:
    """Where no second review stops encounters from passing."""
    return True


@dataclass(frozen=True, slots=True)
class Engine:
    """Collaborators of the whole job; ``connect`` gives the client for an EHR, ``probe`` asks whether EHRs answer, ``now`` tells the time
    (aware), ``intake`` says which notes and encounters the site lets in, ``may_pass`` whether a tenant's encounters may pass now, ``reviews`` which
    tenants have a review policy of their own, ``observe`` is what stages run in."""

    coder: Coder
    policy: CodingPolicy
    tenants: Mapping[str, Tenant]
    repository: Repository
    connect: Callable[[EhrSettings], EhrClient]
    probe: EhrProbe
    now: Callable[[], datetime]
    intake: IntakePolicy = DEFAULT_POLICY
    may_pass: Callable[[str], bool] = always
    reviews: Mapping[str, Policy] = field(default_factory=dict)
    observe: Observe = unobserved

    def code(self, request: CodingRequest, beside: Beside | None = None) -> CodingResult:
        """Gather, code, propose, deliver, keep, and what is to be kept ``beside`` the coding with it. Raises the errors of :mod:`fhir_coder.errors`; what
        was written stands in the receipt. The coding is kept before anything is sent: where the process dies on the way, the next coding of the encounter
        knows what to look for.

        Of two calls that write for one encounter at the same moment the second waits, and finds what the first one wrote.
        """
        ehr, encounter = self._ehr(request), request.encounter_id or (request.encounter or {}).get("id", "")
        if not (request.write_back and ehr and encounter):
            return self._code(request, ehr, beside)
        with self.repository.exclusively(request.tenant, ehr.id, encounter):
            return self._code(request, ehr, beside)

    def propose(self, request: CodingRequest) -> CodingResult:
        """Gather, code and propose, and keep nothing: for who keeps several codings together, by :meth:`keep_all`. Raises as :meth:`code`."""
        ehr = self._ehr(request)
        return self._proposed(request, ehr, self.connect(ehr) if ehr else None)[0]

    @runs_as(Stage.KEEPING)
    def keep_all(self, tenant: str, ehr: str, results: Sequence[CodingResult], beside: BesideAll) -> None:
        """Keep what was proposed for encounters of one EHR (its id, or empty), and what is to stand beside, all or nothing."""
        self.repository.save_all(tenant, ehr, results, beside)

    def _code(self, request: CodingRequest, ehr: EhrSettings | None, beside: Beside | None) -> CodingResult:
        client = self.connect(ehr) if ehr else None
        result, proposal = self._proposed(request, ehr, client)
        keeping = Keeping(self.repository, request.tenant, ehr.id if ehr else "", result, beside)
        receipt = self._deliver(keeping, proposal, client, ehr, request.limits) if request.write_back else None
        return self._keep(keeping, receipt)

    def _proposed(self, request: CodingRequest, ehr: EhrSettings | None, client: EhrClient | None) -> tuple[CodingResult, Proposal]:
        intake = self._with_ours_known(request.tenant, self._gather(request, client), ehr)
        intake = replace(intake, warnings=(*intake.warnings, *_degradations(request)))
        if request.write_back and not intake.encounter.patient.id:
            raise Uncodable(
                "writeBack needs the patient: no subject of the Encounter and no Patient with an id", expression=("Encounter.subject",)
            )
        coder = self._coder(request.tenant)
        disposition, release = coder.code_encounter(intake.encounter, self.policy)
        reconciliation = coder.reconcile(disposition)
        proposal = Proposal(request.tenant, intake, disposition, self.now(), agreed_conditions(reconciliation))
        result = CodingResult(
            intake,
            disposition,
            release,
            build_bundle(proposal),
            None,
            reconciliation,
            artifacts=coder.artifacts(coder.catalogue.get(release.id), self.policy),
            configuration=coder.configuration(self.policy),
            is_inline=request.notes is not None,
            is_uploaded=request.is_uploaded,
            keeps_text=self.repository.keeps_text,
            sending=request.sending,
        )
        return result, proposal

    def check(self, given: GivenCodes) -> CheckedCodes:
        """Run the compliance edits on codes that somebody else assigned. No EHR is asked, nothing is kept."""
        return check_given(given, self.coder.catalogue, self.coder.severities, self.coder.lists)

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

    def _coder(self, tenant: str) -> Coder:
        """The pipeline, with the review policy of a tenant that has its own. It lets nothing pass while the tenant's second reviews say so: the configuration
        that is kept tells it."""
        review = self.reviews.get(tenant, self.coder.review)
        return replace(self.coder, review=review if self.may_pass(tenant) else review.suspended())

    def _intake(self, tenant: str) -> IntakePolicy:
        """The site's rules with the tenant's for sensitive documents."""
        return replace(self.intake, sensitive=self.tenants[tenant].sensitive)

    def _ehr(self, request: CodingRequest) -> EhrSettings | None:
        """The EHR of the caller's tenant that the request names, or the tenant's first; never an address from the request; none for an upload."""
        if request.is_uploaded:
            return None
        ehrs = self.tenants[request.tenant].ehrs
        if not request.ehr:
            return ehrs[0] if ehrs else None
        for ehr in ehrs:
            if ehr.id == request.ehr:
                return ehr
        raise Forbidden("this tenant has no EHR of that id", expression=("Parameters.parameter.where(name='ehr')",))

    def _with_ours_known(self, tenant: str, intake: Intake, ehr: EhrSettings | None) -> Intake:
        """The intake with our own Conditions among the recorded diagnoses known by our receipts too, not by their identifiers alone."""
        encounter = intake.encounter
        if ehr is None or not encounter.recorded:
            return intake
        earlier = read_earlier(self.repository.written(tenant, ehr.id, encounter.reference))
        addresses = {one.address for one in earlier.writes.values()}
        return replace(intake, encounter=replace(encounter, recorded=with_ours_known(encounter.recorded, addresses)))

    @runs_as(Stage.EHR)
    def _gather(self, request: CodingRequest, client: EhrClient | None) -> Intake:
        return gather(request, client, self._intake(request.tenant), self._read_note, lambda: self.now().date())

    @runs_as(Stage.NOTES)
    def _read_note(self, content: bytes, content_type: str) -> NoteText:
        return read_note(content, content_type)

    @runs_as(Stage.KEEPING)
    def _keep(self, keeping: Keeping, receipt: Resource | None) -> CodingResult:
        return keeping.end(receipt)

    @runs_as(Stage.WRITING)
    def _deliver(
        self, keeping: Keeping, proposal: Proposal, client: EhrClient | None, ehr: EhrSettings | None, limits: CallerLimits
    ) -> Resource:
        if client is None or ehr is None:
            raise RequiredMissing("writeBack needs an EHR, and none is configured for this tenant")
        written = self.repository.written(proposal.tenant, ehr.id, proposal.encounter.reference)
        terms = terms_of(proposal, ehr.write_before_review, written)
        return deliver(keeping.result.proposal, client, replace(terms, withheld=limits.withheld), keeping.begin)

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


def _degradations(request: CodingRequest) -> Iterator[str]:
    """What is left undone because the caller's token does not allow it."""
    if not request.limits.may_fetch_attachments:
        yield "the caller's token does not allow reading Binary: attachments were not fetched by their URL"
    if request.write_back and request.limits.withheld:
        named = ", ".join(f"{interaction} {kind}" for kind, interaction in sorted(request.limits.withheld))
        yield f"the caller's token does not allow this of write-back, and the receipt counts it as not offered: {named}"
