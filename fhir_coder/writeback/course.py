"""The course of a delivery: what is known by now of addresses, failures and the EHR's state, and the exchanges that every way of writing needs."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_coder.errors import EhrError, EhrTimeout, EhrUnavailable, FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.writeback import receipt
from fhir_coder.writeback.addressing import Addresses
from fhir_coder.writeback.ehr_writer import EhrWriter, Offer
from fhir_coder.writeback.fidelity import alterations
from fhir_coder.writeback.names import address_of, name_of, version_of
from fhir_coder.writeback.steps import Step
from fhir_coder.writeback.survey import Surveyor, is_silent, same_provenance

NOT_ACTED = frozenset({429, 503})
"""Answers with which an EHR says that it did not act (RFC 6585 section 4, RFC 9110 section 15.6.4)."""

_MAY_STILL_ACT = frozenset({502, 504})
"""Answers of a gateway that lost the EHR behind it."""

_READ_BACK = frozenset({"Condition", "Claim", "Task"})


def is_unclear(error: EhrError) -> bool:
    """Whether the EHR may have acted although it did not say so."""
    if isinstance(error, EhrTimeout | EhrUnavailable):
        return error.ehr_status not in NOT_ACTED
    return 200 <= error.ehr_status < 300


def may_still_act(error: EhrError) -> bool:
    """Whether the EHR may be at it yet, so that sending it again could do it twice."""
    return is_silent(error) or error.ehr_status in _MAY_STILL_ACT


def is_done(wanted: Resource, before: Resource, stored: Resource) -> bool:
    """Whether an update without a clear answer was done: there is a newer version, and it says what was sent."""
    return version_of(stored) != version_of(before) and not alterations(wanted, stored)


class Course:
    """State of one delivery. ``known`` are addresses by the step's ``full_url``, ``unchanged`` the steps after which nothing that follows them
    is written, ``gone`` the error after which the EHR is not asked any more. ``silence``: the survey found it not answering already."""

    def __init__(
        self,
        steps: Sequence[Step],
        client: EhrWriter,
        offer: Offer,
        surveyor: Surveyor,
        encounter: str,
        silence: FhirCoderError | None = None,
    ) -> None:
        self.client = client
        self.offer = offer
        self.surveyor = surveyor
        self.known = {one.full_url: address_of(one.current) for one in steps if one.current is not None}
        self.unchanged: set[str] = set()
        self.gone = silence
        self._codes = {one.full_url: one.resource["code"] for one in steps if one.kind == "Condition" and "code" in one.resource}
        self._encounter = encounter

    def addresses(self, inside: frozenset[str] = frozenset()) -> Addresses:
        """Where everything stands by now; ``inside`` travels in the same transaction."""
        return Addresses(self.known, inside, self._codes, self._encounter)

    def settled(self, step: Step) -> Resource | None:
        """The step's resource as it can be sent; None when what it depends on was not written."""
        return None if step.follows in self.unchanged else self.addresses().settle(step.resource)

    def find(self, addressed: Resource) -> Resource | None:
        """The resource at the EHR, if it is there. Raises an EhrError."""
        if addressed["resourceType"] != "Provenance":
            return self.surveyor.find(addressed["resourceType"], name_of(addressed))
        provenances = self.surveyor.provenances_of(addressed["target"][0]["reference"])
        return same_provenance(provenances, name_of(addressed), addressed.get("entity", []))

    def condition(self, resource: Resource) -> str | None:
        """If-None-Exist query where the EHR offers conditional create: two writers at once still write once."""
        kind = resource["resourceType"]
        if not self.offer.conditional_create(kind) or not name_of(resource):
            return None
        if kind != "Provenance":
            identifier = resource["identifier"][0]
            return f"identifier={identifier['system']}|{identifier['value']}"
        # An EHR may keep Provenances of its own for the same target, so the condition names our tag too.
        tag = resource["meta"]["tag"][0]
        target = resource["target"][0]["reference"]
        return f"target={target}&_tag={tag['system']}|{tag['code']}" if self.offer.searches(kind, "_tag") else None

    def verified(self, step: Step, status: str, sent: Resource, kept: Resource) -> Resource:
        """The response after reading back, where the EHR offers that."""
        if step.kind not in _READ_BACK or not self.offer.can(step.kind, "read"):
            return receipt.written(status, sent, kept, step.sentence)
        if self.gone:
            return receipt.unverified(status, kept, step.sentence)
        try:
            stored = self.client.read(step.kind, kept["id"])
        except FhirCoderError as error:
            self.gone = error if is_silent(error) else None
            return receipt.unverified(status, kept, step.sentence)
        return receipt.written(status, sent, stored, step.sentence)

    def spared(self, step: Step) -> Resource:
        """The response for what is not sent for want of what it depends on, or because nobody needs it."""
        self.unchanged.add(step.full_url)
        if step.kind == "Provenance":
            return receipt.answer("424 Failed Dependency", "incomplete", step.sentence or "Its target was not written.", "warning")
        return receipt.answer("204 No Content", "informational", step.sentence, "information")

    def unknown(self, step: Step, error: FhirCoderError) -> Resource:
        """The response for what may or may not have been written."""
        self.unchanged.add(step.full_url)
        return receipt.unknown(error)

    def not_attempted(self, step: Step) -> Resource:
        """The response for what is not sent to an EHR that does not answer."""
        self.unchanged.add(step.full_url)
        return receipt.not_attempted(self.gone or EhrUnavailable("the EHR stopped answering"))

    def stored(self, step: Step) -> Resource | None:
        """A resource of ours as it stands now; None when the EHR does not give it."""
        if step.current is None or not self.offer.can(step.kind, "read"):
            return None
        try:
            return self.client.read(step.kind, step.current["id"])
        except FhirCoderError as error:
            self.gone = error if is_silent(error) else None
            return None
