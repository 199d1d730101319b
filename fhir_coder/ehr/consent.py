"""What a patient's Consents allow: the reading of 42 CFR Part 2 records, and the disclosure to health plans.

A Consent counts when it is active, of this patient, in force today, about privacy (``scope``), and not known to be unverified. One that denies
goes before one that permits, and what cannot be told permits nothing. Sources: http://hl7.org/fhir/R4/consent.html; 42 CFR 2.31 (what a
consent must say: recipient, purpose, expiry), 2.33(b) (one consent for treatment, payment and operations); 45 CFR 164.522(a)(1)(vi).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from fhir_coder.ehr.labels import label
from fhir_coder.ehr.references import address_of, codings, is_other, literal
from fhir_coder.ehr.sensitivity import marks_of_labels
from fhir_coder.ehr.visit import Visit
from fhir_coder.exchange import Resource
from fhir_coder.sensitive_settings import Kind, SensitiveRules

PRIVACY = "patient-privacy"
PAYMENT = frozenset({"HPAYMT", "CLMATTCH", "COVAUTH", "COVERAGE", "ELIGDTRM", "ELIGVER", "ENROLLM", "REMITADV"})
"""Purposes of use that are payment (http://terminology.hl7.org/CodeSystem/v3-ActReason: HPAYMT and what is below it)."""
CODING = PAYMENT | {"HOPERAT", "RECORDMGT", "TREAT"}
"""Purposes under which a provider's own notes are coded: payment, operations, or treatment, in which 2.33(b) joins both to it."""
USE = frozenset({"access", "use", "disclose"})
"""Actions that reading is (http://terminology.hl7.org/CodeSystem/consentaction)."""
SELF_PAY_POLICY = "hipaa-self-pay"
"""Of http://terminology.hl7.org/CodeSystem/consentpolicycodes: "HIPAA Self-Pay Restriction"."""
_OF_PART2 = frozenset({Kind.PART2, Kind.SUBSTANCE_USE})


@dataclass(frozen=True, slots=True)
class Consents:
    """The Consents of one patient that count today. ``recipients`` are the addresses under which a consent may name us."""

    counting: tuple[Resource, ...] = ()
    recipients: frozenset[str] = frozenset()
    encounter: str = ""

    @classmethod
    def of(cls, found: Iterable[Resource], visit: Visit, today: date, recipients: frozenset[str]) -> Consents:
        """Those of the visit's patient that count."""
        ours = (one for one in found if visit.patient and literal(one.get("patient"), "Patient") == visit.patient)
        return cls(tuple(one for one in ours if _counts(one, today)), recipients, visit.encounter)

    def permitting_part2(self) -> str:
        """The name of a Consent that permits reading Part 2 records, or empty: there is none, or another denies it."""
        about = [one for one in self.counting if self._is_about_part2(one)]
        if any(not self._permits(one) for one in about) or any(map(self._forbids, self.counting)):
            return ""
        return next((_name(one) for one in about), "")

    def restricting_payment(self) -> str:
        """The name of a Consent that keeps this visit from health plans, or empty."""
        return next((_name(one) for one in self.counting if self._restricts(one)), "")

    def _is_about_part2(self, consent: Resource) -> bool:
        """Whether it says so: its policy or category is Part 2's, or a provision is for labels of Part 2 or substance use."""
        concepts = [consent.get("policyRule"), *consent.get("category", ())]
        named = [coding for concept in concepts for coding in codings(concept)]
        named += [one for provision in _provisions(consent) for one in provision.get("securityLabel", ())]
        by_uri = any("part-2" in one.get("uri", "").lower() for one in consent.get("policy", ()))
        return by_uri or any(mark.kind in _OF_PART2 for mark in _marks(named))

    def _permits(self, consent: Resource) -> bool:
        """Whether it permits all the way down. A nested provision that forbids may speak of anything: only one that is for labels other than Part 2's
        leaves the permission whole."""
        root, *nested = list(_provisions(consent)) or [{}]
        if root.get("type", "permit") != "permit" or not self._covers(root):
            return False
        forbidding = [one for one in nested if one.get("type") == "deny"]
        return all(one.get("securityLabel") and not any(m.kind in _OF_PART2 for m in _marks(one["securityLabel"])) for one in forbidding)

    def _forbids(self, consent: Resource) -> bool:
        """Whether it denies without saying of what, so that Part 2 records are among it; not where it is for other recipients or purposes."""
        root = next(_provisions(consent), {})
        return root.get("type") == "deny" and not root.get("securityLabel") and not root.get("data") and self._covers(root)

    def _covers(self, provision: Resource) -> bool:
        """Whether purpose, action and recipients of a permission take in that this practice codes its notes."""
        purposes = {one.get("code") for one in provision.get("purpose", ())}
        actions = {coding.get("code") for one in provision.get("action", ()) for coding in codings(one)}
        actors = {literal(one.get("reference")) for one in provision.get("actor", ())}
        return (
            (not purposes or bool(purposes & CODING))
            and (not actions or bool(actions & USE))
            and (not actors or bool((actors - {""}) & self.recipients))
        )

    def _restricts(self, consent: Resource) -> bool:
        policies = {one.get("code") for one in codings(consent.get("policyRule"))}
        marked = any(mark.kind is Kind.SELF_PAY for mark in _marks(codings(consent.get("policyRule"))))
        if marked or SELF_PAY_POLICY in policies:
            return all(self._concerns(one) for one in list(_provisions(consent))[:1])
        return any(
            one.get("type") == "deny" and {use.get("code") for use in one.get("purpose", ())} & PAYMENT and self._concerns(one)
            for one in _provisions(consent)
        )

    def _concerns(self, provision: Resource) -> bool:
        """Whether it is about this visit: it names no data, or this encounter among them."""
        named = [one.get("reference") for one in provision.get("data", ())]
        encounters = [one for one in named if literal(one, "Encounter")]
        return not encounters or any(not is_other(one, self.encounter) for one in encounters)


def _counts(consent: Resource, today: date) -> bool:
    scopes = {one.get("code") for one in codings(consent.get("scope"))}
    is_unverified = any(one.get("verified") is False for one in consent.get("verification", ()))
    periods = (one.get("period", {}) for one in _provisions(consent))
    return consent.get("status") == "active" and PRIVACY in scopes and not is_unverified and all(_is_in(one, today) for one in periods)


def _is_in(period: Resource, today: date) -> bool:
    """Whether a day lies in a period; an end that is no full date is the first day that it may mean."""
    start, end, day = period.get("start", ""), period.get("end", ""), today.isoformat()
    return (not start or start[:10] <= day) and (not end or day <= end[:10])


def _provisions(consent: Resource) -> Iterator[Resource]:
    """The root provision and all nested ones, the root first."""
    waiting = [consent["provision"]] if "provision" in consent else []
    while waiting:
        one = waiting.pop(0)
        yield one
        waiting += one.get("provision", ())


def _marks(labels: Iterable[Resource]) -> list:
    return list(marks_of_labels([label(one.get("system", ""), one.get("code", "")) for one in labels], SensitiveRules()))


def _name(consent: Resource) -> str:
    return address_of(consent) or "a Consent without id"
