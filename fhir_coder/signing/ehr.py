"""The EHR after a signature: what was signed stands there, what was not is taken back, the Task is done; and after a reopening: no Claim is active."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from fhir_coder.asking.post import full_url
from fhir_coder.exchange import Resource
from fhir_coder.signing.access import Reads
from fhir_coder.signing.performing import Task
from fhir_coder.signing.receipts import forbidden_types, has_warning, is_failure, outcome_of
from fhir_coder.signing.signed_proposal import signed_proposal
from fhir_coder.signing.verification import verification_of
from fhir_coder.store.follow_ups import Outcome
from fhir_coder.store.records import StoredEncounter, StoredWrite
from fhir_coder.tenant_settings import EhrSettings
from fhir_coder.worklist.following import FollowUp, Progress
from fhir_coder.worklist.review import State
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.delivery import deliver
from fhir_coder.writeback.ehr_writer import EhrWriter
from fhir_coder.writeback.receipt_line import number_of
from fhir_coder.writeback.reopening import draft_bundle, may_be_active, set_back
from fhir_coder.writeback.terms import Terms, read_earlier, terms_of
from terminology.codebook import Codebook


class Memory(Protocol):
    """What this needs of :class:`fhir_coder.store.repository.Repository`."""

    def written(self, tenant: str, ehr: str, encounter_reference: str) -> tuple[StoredWrite, ...]:
        """What the EHR answered before."""

    def exclusively(self, tenant: str, ehr: str, encounter: str) -> AbstractContextManager[None]:
        """Hold the encounter while it is written."""


class Keeps(Protocol):
    """What this needs of :class:`fhir_coder.store.deliveries.Deliveries`."""

    def begin(self, tenant: str, coding_id: str, bundle: Resource, begun: Resource) -> int:
        """Add what is about to be sent."""

    def keep(self, tenant: str, coding_id: str, bundle: Resource, receipt: Resource, number: int = 0) -> None:
        """Add what was sent and answered."""


class EhrFollows:
    """``settings_of`` gives an EHR of a tenant or None, ``codebook_of`` the codes of the release of a coding; ``is_overtaken`` says whether a later
    signature of the encounter is there by now, ``is_last_signed`` (tenant, coding id) whether the last one was on this coding."""

    def __init__(
        self,
        memory: Memory,
        deliveries: Keeps,
        read: Reads,
        settings_of: Callable[[str, str], EhrSettings | None],
        codebook_of: Callable[[StoredEncounter], Codebook],
        is_overtaken: Callable[[str, FollowUp], bool],
        is_last_signed: Callable[[str, str], bool],
    ) -> None:
        self._memory = memory
        self._deliveries = deliveries
        self._read = read
        self._settings_of = settings_of
        self._codebook_of = codebook_of
        self._is_overtaken = is_overtaken
        self._is_last_signed = is_last_signed

    def __call__(self, task: Task) -> Outcome:
        """Write what was signed; after a reopening, set back the Claim. What is to be sent is kept before it is sent, and what the EHR says of each resource
        after it, so that the next attempt completes what is missing and knows what is ours."""
        coding, access = task.coding, task.access
        settings = self._settings_of(coding.tenant, task.follow_up.duty.target)
        is_signed = task.opened.review.state is State.SIGNED
        if not is_signed and not self._may_be_active(coding):
            return Outcome(Progress.DONE, "reopened: no active Claim of ours stands there")
        if settings is None or access.client is None:
            return Outcome(Progress.FAILED, "there is no access to the EHR: a person who comes from it can try again")
        return self._written(task, settings, access.client) if is_signed else self._set_back(task, access.client)

    def _written(self, task: Task, settings: EhrSettings, client: EhrWriter) -> Outcome:
        coding, review, access = task.coding, task.opened.review, task.access
        encounter = access.source.facts(coding)
        verification = verification_of(review.codes, self._read(coding, access))
        proposal = signed_proposal(coding, review, encounter, self._codebook_of(coding), verification, settings.claim_on_sign_off)
        bundle = build_bundle(proposal)
        with self._held(coding):
            # Signed again while this one waited for its turn: the last word stands there.
            if self._is_overtaken(coding.tenant, task.follow_up):
                return Outcome(Progress.OVERTAKEN)
            terms = replace(terms_of(proposal, settings.write_before_review, self._kept(coding)), withheld=access.withheld)
            keeping = _Keeping(self._deliveries, coding, bundle)
            receipt = deliver(bundle, client, terms, keeping.begin)
            keeping.end(receipt)
        return outcome_of(bundle, receipt, forbidden_types(client, access.withheld))

    def _set_back(self, task: Task, client: EhrWriter) -> Outcome:
        """The Claim that we wrote is a draft again, where the signature that is open now was the last one of the encounter."""
        coding, name = task.coding, _claim_name(task.coding)
        with self._held(coding):
            if self._is_overtaken(coding.tenant, task.follow_up) or not self._is_last_signed(coding.tenant, coding.id):
                return Outcome(Progress.OVERTAKEN)
            earlier = read_earlier(self._kept(coding))
            if not may_be_active(earlier, name):
                return Outcome(Progress.DONE, "reopened: no active Claim of ours stands there")
            withheld = task.access.withheld
            terms = Terms(_key(coding), coding.patient_reference, coding.encounter_reference, earlier=earlier, withheld=withheld)
            known = earlier.writes.get(name) or earlier.begun[name]
            keeping = _Keeping(self._deliveries, coding, draft_bundle(known, full_url(name)))
            receipt = set_back(keeping.bundle, client, terms, keeping.begin)
            keeping.end(receipt)
        return _reopened(receipt["entry"][0]["response"], forbidden_types(client, withheld))

    def _may_be_active(self, coding: StoredEncounter) -> bool:
        return may_be_active(read_earlier(self._kept(coding)), _claim_name(coding))

    def _kept(self, coding: StoredEncounter) -> tuple[StoredWrite, ...]:
        return self._memory.written(coding.tenant, coding.ehr, coding.encounter_reference)

    def _held(self, coding: StoredEncounter) -> AbstractContextManager[None]:
        return self._memory.exclusively(coding.tenant, coding.ehr, coding.encounter_reference.rpartition("/")[2])


@dataclass(slots=True)
class _Keeping:
    """What is sent of one coding: kept before, and with its receipt after."""

    deliveries: Keeps
    coding: StoredEncounter
    bundle: Resource
    number: int = 0

    def begin(self, begun: Resource) -> None:
        self.number = self.deliveries.begin(self.coding.tenant, self.coding.id, self.bundle, begun)

    def end(self, receipt: Resource) -> None:
        self.deliveries.keep(self.coding.tenant, self.coding.id, self.bundle, receipt, self.number)


def _key(coding: StoredEncounter) -> str:
    """What names the encounter in identifiers, as :class:`fhir_coder.writeback.proposal.Proposal` has it."""
    return f"{coding.tenant}.{coding.encounter_reference.rpartition('/')[2]}"


def _claim_name(coding: StoredEncounter) -> str:
    return f"{_key(coding)}.claim"


def _reopened(response: Resource, forbidden: frozenset[str]) -> Outcome:
    """What became of the Claim, in a sentence."""
    issues = response.get("outcome", {}).get("issue", ())
    why = next((one.get("diagnostics", "") for one in issues), "").rstrip(".")
    if number_of(response) == 501:
        is_forbidden = "Claim" in forbidden
        told = "not allowed by the scopes of your sign-in: Claim" if is_forbidden else "the EHR does not take: Claim"
        return Outcome(Progress.FAILED if is_forbidden else Progress.UNDELIVERED, f"{told}. The Claim is still active")
    if is_failure(response):
        failed = outcome_of({"entry": [{"resource": {"resourceType": "Claim"}}]}, {"entry": [{"response": response}]})
        return replace(failed, detail=f"{failed.detail}. The Claim may still be active")
    if has_warning(response, "not-supported"):
        return Outcome(Progress.UNDELIVERED, f"{why}: it is still active, tell whoever bills from it")
    if response["status"] == "200 OK" and has_warning(response, "conflict"):
        return Outcome(Progress.DONE, f"the Claim was not set back: {why}")
    if response["status"].startswith("200 Updated"):
        return Outcome(Progress.DONE, "the Claim is a draft again until the next sign-off")
    return Outcome(Progress.DONE, why if number_of(response) == 204 else "the Claim was no longer active")
