"""The Claim of an encounter whose review is reopened: an ``active`` one that we wrote is a draft again, until somebody signs.

An active Claim may be picked up for billing while a person is changing its codes; a draft is not yet submitted
(http://hl7.org/fhir/R4/valueset-fm-status.html).
"""

from __future__ import annotations

from fhir_coder.exchange import Resource
from fhir_coder.writeback import receipt
from fhir_coder.writeback.adoption import adopted
from fhir_coder.writeback.course import Course
from fhir_coder.writeback.delivery import Begin
from fhir_coder.writeback.ehr_writer import EhrWriter, Offer
from fhir_coder.writeback.names import name_of, version_of
from fhir_coder.writeback.one_by_one import OneByOne
from fhir_coder.writeback.permitted import PermittedOffer
from fhir_coder.writeback.retirement import not_allowed
from fhir_coder.writeback.revision import Left, Revise
from fhir_coder.writeback.steps import Action, Step
from fhir_coder.writeback.survey import Surveyor
from fhir_coder.writeback.terms import Earlier, EarlierWrite, Terms
from fhir_coder.writeback.touched import claim_touch


def may_be_active(earlier: Earlier, name: str) -> bool:
    """Whether the Claim of that name is active by what we wrote last, or began to write."""
    known = [earlier.writes.get(name), earlier.begun.get(name)]
    return any(one is not None and one.resource is not None and one.resource.get("status") == "active" for one in known)


def draft_bundle(known: EarlierWrite, full_url: str) -> Resource:
    """The Claim that we wrote as it is to stand; an empty one where its words are not kept."""
    entry = {"fullUrl": full_url, "resource": (known.resource or {"resourceType": "Claim"}) | {"status": "draft"}}
    return {"resourceType": "Bundle", "type": "collection", "entry": [entry]}


def set_back(bundle: Resource, client: EhrWriter, terms: Terms, begin: Begin) -> Resource:
    """Have the Claim of a :func:`draft_bundle` stand so at the EHR, where it is ours and nobody changed it: the receipt. Raises an EhrError where the EHR
    cannot be asked what stands there."""
    [entry] = bundle["entry"]
    draft, name = entry["resource"], name_of(entry["resource"])
    offer = PermittedOffer(client.capabilities(), terms.withheld)
    surveyor = Surveyor(client, offer, terms)
    current = surveyor.find("Claim", name)
    earlier = adopted(terms.earlier, {name: current} if current else {})
    step = _step(entry["fullUrl"], draft, current, earlier, offer, terms)
    if step.writes:
        begin(receipt.receipt_of([receipt.begun(current)]))
    return receipt.receipt_of([OneByOne(Course([step], client, offer, surveyor, terms.encounter)).respond(step)])


def _step(full_url: str, draft: Resource, current: Resource | None, earlier: Earlier, offer: Offer, terms: Terms) -> Step:
    if current is None:
        return Step(Action.SPARE, full_url, draft, sentence="the EHR does not hold the Claim any more")
    revise = draft_again(earlier.writes.get(name_of(draft)))
    outcome = revise(current, draft)
    if isinstance(outcome, Left):
        is_cut_short = name_of(draft) in earlier.adopted and current.get("status") == draft["status"]
        kept = Action.ADOPT if is_cut_short else Action.KEEP
        return Step(kept if outcome.is_as_wanted else Action.LEAVE, full_url, draft, current, sentence=outcome.why)
    if terms.withholds_update("Claim"):
        return Step(Action.OMIT, full_url, draft, current, sentence=not_allowed("Claim"))
    if not offer.can("Claim", "update") or not version_of(current):
        sentence = "the EHR takes no update of a Claim that could be guarded by its version"
        return Step(Action.LEAVE, full_url, draft, current, sentence=sentence, issue="not-supported")
    return Step(Action.REVISE, full_url, draft, current, revise)


def draft_again(written: EarlierWrite | None) -> Revise:
    """A Claim that is active as we wrote it, and nobody changed since, is a draft. Everything else of it stays: codes are changed by the next signature."""

    def revise(current: Resource, _: Resource) -> Resource | Left:
        if current.get("status") in {"draft", "cancelled"}:
            return Left("", is_as_wanted=True)
        if why := claim_touch(current, written, is_signed=True):
            return Left(f"somebody changed it since ({why})")
        return current | {"status": "draft"}

    return revise
