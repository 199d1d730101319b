"""The EHR after a signature: what was signed stands there, what was not is taken back, the Task is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.signing.access import Reads
from fhir_coder.signing.performing import Task
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
from fhir_coder.writeback.terms import terms_of
from terminology.codebook import Codebook

_PASSED_OVER = frozenset({501, 424})
"""What the EHR does not take, and what hangs on it: no failure, and no use in trying again."""
_TRIED_AGAIN = frozenset({401, 408, 409, 412, 429})
_SERVER_ERROR = 500


class Memory(Protocol):
    """What this needs of :class:`fhir_coder.store.repository.Repository`."""

    def written(self, tenant: str, ehr: str, encounter_reference: str) -> tuple[StoredWrite, ...]:
        """What the EHR answered before."""

    def exclusively(self, tenant: str, ehr: str, encounter: str) -> AbstractContextManager[None]:
        """Hold the encounter while it is written."""


class Keeps(Protocol):
    """What this needs of :class:`fhir_coder.store.deliveries.Deliveries`."""

    def keep(self, tenant: str, coding_id: str, bundle: Resource, receipt: Resource) -> None:
        """Add what was sent and answered."""


class EhrFollows:
    """``settings_of`` gives an EHR of a tenant or None, ``codebook_of`` the codes of the release of a coding; ``is_overtaken`` says whether a later
    signature of the encounter is there by now."""

    def __init__(
        self,
        memory: Memory,
        deliveries: Keeps,
        read: Reads,
        settings_of: Callable[[str, str], EhrSettings | None],
        codebook_of: Callable[[StoredEncounter], Codebook],
        is_overtaken: Callable[[str, FollowUp], bool],
    ) -> None:
        self._memory = memory
        self._deliveries = deliveries
        self._read = read
        self._settings_of = settings_of
        self._codebook_of = codebook_of
        self._is_overtaken = is_overtaken

    def __call__(self, task: Task) -> Outcome:
        """Write what was signed. What the EHR says of each resource is kept, so that the next attempt completes what is missing."""
        coding, review, access = task.coding, task.opened.review, task.access
        settings = self._settings_of(coding.tenant, task.follow_up.duty.target)
        if review.state is not State.SIGNED:
            return Outcome(Progress.DONE, "reopened before it was written: nothing was sent")
        if settings is None or access.client is None:
            return Outcome(Progress.FAILED, "there is no access to the EHR: a person who comes from it can try again")
        encounter = access.source.facts(coding)
        verification = verification_of(review.codes, self._read(coding, access))
        proposal = signed_proposal(coding, review, encounter, self._codebook_of(coding), verification, settings.claim_on_sign_off)
        bundle = build_bundle(proposal)
        with self._memory.exclusively(coding.tenant, coding.ehr, coding.encounter_reference.rpartition("/")[2]):
            # Signed again while this one waited for its turn: the last word stands there.
            if self._is_overtaken(coding.tenant, task.follow_up):
                return Outcome(Progress.OVERTAKEN)
            written = self._memory.written(coding.tenant, coding.ehr, coding.encounter_reference)
            terms = replace(terms_of(proposal, settings.write_before_review, written), withheld=access.withheld)
            receipt = deliver(bundle, access.client, terms)
            self._deliveries.keep(coding.tenant, coding.id, bundle, receipt)
        return outcome_of(bundle, receipt, _forbidden(access.client, access.withheld))


def _forbidden(client: EhrWriter, withheld: frozenset[tuple[str, str]]) -> frozenset[str]:
    """Resource types of which the EHR offers an interaction that the scopes of the token do not allow."""
    try:
        offer = client.capabilities() if withheld else None
    except FhirCoderError:  # nothing was written either, and the receipt says why
        return frozenset()
    return frozenset(kind for kind, interaction in withheld if offer and offer.can(kind, interaction))


def outcome_of(bundle: Resource, receipt: Resource, forbidden: frozenset[str] = frozenset()) -> Outcome:
    """What a receipt comes to, in a sentence. Some kinds of failure are tried again; a refusal is not. What was not done of a ``forbidden`` type may be
    by somebody else, or by the server's own access: it is due again."""
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    responses = [entry["response"] for entry in receipt["entry"]]
    named = list(zip([*kinds, *["earlier resource"] * (len(responses) - len(kinds))], responses, strict=True))
    failed = [(kind, _number(one)) for kind, one in named if _number(one) >= 400 and _number(one) not in _PASSED_OVER]
    undone = [kind for kind, one in named if _number(one) == 501]
    untaken = [kind for kind in undone if kind not in forbidden]
    unallowed = [kind for kind in undone if kind in forbidden]
    altered = [kind for kind, one in named if _is_altered(one)]
    left = sum(_is_left(one) for _, one in named)
    parts = [
        f"not written: {_counted(kind for kind, _ in failed)} (HTTP {', '.join(map(str, sorted({code for _, code in failed})))})"
        if failed
        else "",
        f"not allowed by the scopes of your sign-in: {_counted(unallowed)}" if unallowed else "",
        f"the EHR does not take: {_counted(untaken)}" if untaken else "",
        f"stored by the EHR otherwise than sent: {_counted(altered)}" if altered else "",
        f"{left} left as somebody there has them" if left else "",
    ]
    detail = "; ".join(filter(None, parts))
    if unallowed or any(code in _TRIED_AGAIN or code >= _SERVER_ERROR for _, code in failed):
        return Outcome(Progress.FAILED, detail)
    return Outcome(Progress.UNDELIVERED if failed else Progress.DONE, detail)


def _number(response: Mapping[str, object]) -> int:
    return int(str(response["status"])[:3])


def _is_left(response: Resource) -> bool:
    """``200 OK``: nothing was written, for it stands otherwise than it would have been."""
    return response["status"] == "200 OK" and _has_conflict(response)


def _is_altered(response: Resource) -> bool:
    """Written (``201 Created``, ``200 Updated``, ``200 Retired``), and read back it is not what was sent."""
    return _number(response) in {200, 201} and response["status"] != "200 OK" and _has_conflict(response)


def _has_conflict(response: Resource) -> bool:
    issues = response.get("outcome", {}).get("issue", ())
    return any(one.get("severity") == "warning" and one.get("code") == "conflict" for one in issues)


def _counted(kinds: Iterable[str]) -> str:
    return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in Counter(kinds).items())
