"""What an intake holds back of a visit: it asks for consents and accounts, judges the visit as a whole, and says what was read with reserve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from fhir_coder.ehr.consent import Consents
from fhir_coder.ehr.labels import labels_of
from fhir_coder.ehr.references import literal
from fhir_coder.ehr.screening import Screen, Verdict
from fhir_coder.ehr.selection import Selection, name_of
from fhir_coder.ehr.self_pay import self_pay_restriction
from fhir_coder.ehr.sensitivity import Mark, marks_of_document, marks_of_visit
from fhir_coder.ehr.supply import Supply
from fhir_coder.ehr.visit import Visit
from fhir_coder.errors import Uncodable
from fhir_coder.exchange import Resource
from fhir_coder.model import SecurityLabel, Sensitivity
from fhir_coder.sensitive_settings import SensitiveRules


class Reserve:
    """The reserves of one visit under a tenant's rules.

    ``trusts_sent``: whether Consents that the caller sent may permit. A caller who is bound to a patient could open records with one of their own
    making; what such a Consent denies counts all the same. ``held`` are the EHR's own Encounter and Patient where it was asked for them beside those
    that the caller sent: their marks count too, and the provider of its Encounter is whom a consent may name.
    """

    def __init__(
        self,
        encounter: Resource,
        patient: Resource | None,
        visit: Visit,
        supply: Supply,
        rules: SensitiveRules,
        today: Callable[[], date],
        trusts_sent: bool = True,
        held: Iterable[Resource | None] = (),
    ) -> None:
        self._encounter, self._patient, self._visit, self._supply = encounter, patient, visit, supply
        self._rules, self._today, self._trusts_sent = rules, today, trusts_sent
        self._held = tuple(one for one in held if one)
        self._consents: Consents | None = None
        self.screen = Screen(rules, lambda: self.consents().permitting_part2())

    def consents(self) -> Consents:
        """The patient's Consents, sent along and at the EHR where it offers them; asked for once."""
        if self._consents is None:
            sent = self._supply.given("Consent")
            trusted, claimed = (sent, ()) if self._trusts_sent else ((), sent)
            encounter = next((one for one in self._held if one["resourceType"] == "Encounter"), self._encounter)
            recipients = self._rules.recipients | {literal(encounter.get("serviceProvider"))} - {""}
            found = (*trusted, *self._supply.held("Consent", self._visit))
            self._consents = Consents.of(found, self._visit, self._today(), recipients, claimed)
        return self._consents

    def labels(self) -> tuple[SecurityLabel, ...]:
        """Labels of the visit as a whole."""
        return labels_of(self._encounter, self._patient, *self._held)

    def require_open(self) -> None:
        """Raises Uncodable when the visit as a whole is excluded: then no document is asked for."""
        if why := self._visit_verdict().excluded:
            raise Uncodable(f"the encounter is excluded as sensitive: {why}", expression=("Encounter",))

    def reserved(self, selection: Selection) -> tuple[Sensitivity, ...]:
        """What is read although it is marked."""
        found = list(_sensitivities(name_of(self._encounter), self._visit_verdict().reserved))
        for one in _documents(selection):
            found += _sensitivities(name_of(one), self.screen.judge(marks_of_document(one, self._rules)).reserved)
        return tuple(dict.fromkeys(found))

    def admitted(self, resources: Iterable[Resource], warn: Callable[[str], None]) -> list[Resource]:
        """The resources that may be used, by their labels; the others are told."""
        kept = []
        for one in resources:
            if self.screen.admits(one):
                kept.append(one)
            else:
                warn(f"{name_of(one)} is marked sensitive and was not used")
        return kept

    def finder(self, find: Callable[[str], Resource | None], warn: Callable[[str], None]) -> Callable[[str], Resource | None]:
        """The same look-up without what may not be used."""

        def admitted(address: str) -> Resource | None:
            found = find(address)
            return next(iter(self.admitted([found], warn)), None) if found else None

        return admitted

    def self_pay(self, selection: Selection, coverages: tuple[Resource, ...], services: Iterable[Resource]) -> str:
        """Why no Claim may be made of the visit, or empty. Where the caller sent ``coverages`` the EHR is asked for its own too: a plan that was
        sent along does not say that the patient has not paid."""
        more = self._supply.held("Coverage", self._visit) if self._supply.given("Coverage") else ()
        coverages = (*coverages, *more)
        addresses = (literal(one, "Account") for one in self._encounter.get("account", ()))
        accounts = [one for one in (self._supply.one(address) for address in addresses if address) if one]
        excluded = (one.document for one in selection.excluded)
        labelled = [self._encounter, *self._held, *accounts, *coverages, *services, *_documents(selection), *excluded]
        labelled += [self._patient] if self._patient else []
        return self_pay_restriction(labelled, self.consents(), coverages, accounts, self._visit)

    def _visit_verdict(self) -> Verdict:
        found = [*marks_of_visit(self._encounter, self._patient, self._rules)]
        for one in self._held:
            is_encounter = one["resourceType"] == "Encounter"
            found += marks_of_visit(one, None, self._rules) if is_encounter else marks_of_visit({}, one, self._rules)
        return self.screen.judge(dict.fromkeys(found))


def _documents(selection: Selection) -> Iterator[Resource]:
    for place, document in enumerate(selection.documents):
        yield document
        yield from selection.renditions.get(place, ())


def _sensitivities(reference: str, marks: Iterable[Mark]) -> Iterator[Sensitivity]:
    return (Sensitivity(reference, mark.kind.value, mark.what) for mark in marks)
