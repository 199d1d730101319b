"""What a patient's Consents allow: the reading of 42 CFR Part 2 records, and the disclosure to health plans.

A Consent counts when it is active, of this patient, in force today, about privacy (``scope``), and not known to be unverified. One that denies
goes before one that permits; what cannot be told permits nothing, and takes nothing from a denial. Sources: http://hl7.org/fhir/R4/consent.html; 42 CFR 2.31 (what a
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
OPT_OUT = frozenset({"OPTOUT", "OPTOUTE"})
"""Policies of http://terminology.hl7.org/CodeSystem/v3-ActCode (ActConsentDirective) by which nothing is permitted but what a provision excepts."""
_OF_PART2 = frozenset({Kind.PART2, Kind.SUBSTANCE_USE})


@dataclass(frozen=True, slots=True)
class Consents:
    """The Consents of the visit's patient. ``counting`` may permit: they are in force ``today`` in all their parts, and who brought them is trusted.
    ``standing`` may deny and restrict: these and those of which only that cannot be said. ``recipients`` are the addresses under which a consent
    may name us."""

    visit: Visit
    today: date
    counting: tuple[Resource, ...] = ()
    standing: tuple[Resource, ...] = ()
    recipients: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, found: Iterable[Resource], visit: Visit, today: date, recipients: frozenset[str], claimed: Iterable[Resource] = ()
    ) -> Consents:
        """``claimed`` are Consents of a caller whose word opens nothing: they can only restrict."""
        trusted = tuple(one for one in found if _stands(one, visit, today))
        standing = (*trusted, *(one for one in claimed if _stands(one, visit, today)))
        return cls(visit, today, tuple(one for one in trusted if _is_wholly_in_force(one, today)), standing, recipients)

    def permitting_part2(self) -> str:
        """The name of a Consent that permits reading Part 2 records, or empty: there is none, or another denies it."""
        about = [one for one in self.counting if self._is_about_part2(one)]
        if any(not self._permits(one) for one in about) or any(map(self._forbids, self.standing)):
            return ""
        return next((_name(one) for one in about), "")

    def restricting_payment(self) -> str:
        """The name of a Consent that keeps this visit from health plans, or empty."""
        return next((_name(one) for one in self.standing if self._restricts(one)), "")

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
        if _is_denial(consent) or not self._covers(root) or not self._takes_in_visit(root):
            return False
        return not any(map(_denies_part2, nested))

    def _forbids(self, consent: Resource) -> bool:
        """Whether it denies Part 2 records, or denies without saying of what, so that they are among it; not where it is for other recipients
        or purposes."""
        root, *nested = list(_provisions(consent)) or [{}]
        is_about = self._is_about_part2(consent)
        if _is_denial(consent):
            return (is_about or not (root.get("securityLabel") or root.get("data"))) and self._covers(root)
        return is_about and any(_denies_part2(one) and _may_be_in(one, self.today) for one in nested)

    def _takes_in_visit(self, provision: Resource) -> bool:
        """Whether a permission is for this visit's records as a whole: not for some kinds or codes, other resources, or another time."""
        if provision.get("class") or provision.get("code"):
            return False
        named = [one.get("reference") for one in provision.get("data", ())]
        is_named = not named or any(self.visit.encounter and literal(one, "Encounter") == self.visit.encounter for one in named)
        span, day = provision.get("dataPeriod", {}), self.visit.start[:10]
        return is_named and (not span or (len(day) == len("2026-11-01") and _is_within(span, day)))

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
        root, *nested = list(_provisions(consent)) or [{}]
        if marked or SELF_PAY_POLICY in policies:
            return self._concerns(root)
        denials = [*([root] if _is_denial(consent) else []), *(one for one in nested if one.get("type") == "deny")]
        return any(
            {use.get("code") for use in one.get("purpose", ())} & PAYMENT and self._concerns(one) and _may_be_in(one, self.today)
            for one in denials
        )

    def _concerns(self, provision: Resource) -> bool:
        """Whether a restriction is about this visit: it names no encounter, or this one among them."""
        named = [one.get("reference") for one in provision.get("data", ())]
        encounters = [one for one in named if literal(one, "Encounter")]
        return not encounters or any(not is_other(one, self.visit.encounter) for one in encounters)


def _stands(consent: Resource, visit: Visit, today: date) -> bool:
    """Whether it is of the visit's patient, active, about privacy, not known to be unverified, and may be in force."""
    scopes = {one.get("code") for one in codings(consent.get("scope"))}
    is_unverified = any(one.get("verified") is False for one in consent.get("verification", ()))
    is_ours = bool(visit.patient) and literal(consent.get("patient"), "Patient") == visit.patient
    root = next(_provisions(consent), {})
    return is_ours and consent.get("status") == "active" and PRIVACY in scopes and not is_unverified and _may_be_in(root, today)


def _is_wholly_in_force(consent: Resource, today: date) -> bool:
    return all(_is_within(one.get("period", {}), today.isoformat()) for one in _provisions(consent))


def _is_within(period: Resource, day: str) -> bool:
    """Whether a day certainly lies in a period; an end that is no full date is the first day that it may mean."""
    start, end = period.get("start", ""), period.get("end", "")
    return (not start or start[:10] <= day) and (not end or day <= end[:10])


def _may_be_in(provision: Resource, today: date) -> bool:
    """Whether a provision may be in force: an end that is no full date is the last day that it may mean."""
    period, day = provision.get("period", {}), today.isoformat()
    start, end = period.get("start", ""), period.get("end", "")
    return (not start or start[:10] <= day) and (not end or day[: len(end[:10])] <= end[:10])


def _is_denial(consent: Resource) -> bool:
    """Whether it denies as a whole: by its root, which R4 leaves without a type, or by its policy, to which R4 leaves that."""
    policies = {one.get("code") for one in codings(consent.get("policyRule"))}
    return next(_provisions(consent), {}).get("type") == "deny" or bool(policies & OPT_OUT)


def _denies_part2(provision: Resource) -> bool:
    """Whether a nested provision denies Part 2 records: it may speak of anything unless it is for other labels."""
    labels = provision.get("securityLabel", ())
    return provision.get("type") == "deny" and (not labels or any(mark.kind in _OF_PART2 for mark in _marks(labels)))


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
