"""What stands at the EHR of this encounter's proposals, looked up before anything is written: coding twice writes once.

Servers may ignore a search parameter, so every match is checked here. Where a type cannot be searched, the addresses in our own earlier
receipts are read instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fhir_coder.errors import EhrError, EhrRefused, EhrTimeout, EhrUnavailable, FhirCoderError, ResourceDeleted, ResourceUnknown
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import PROPOSAL_IDENTIFIER
from fhir_coder.writeback.ehr_writer import EhrWriter, Offer
from fhir_coder.writeback.names import address_of, is_by_this_software, name_of, names_same
from fhir_coder.writeback.terms import EarlierWrite, Terms

_LISTED_BY = {
    "Condition": {"patient": "patient", "encounter": "encounter"},
    "Claim": {"patient": "patient"},
    "Task": {"patient": "patient", "encounter": "encounter"},
    "Communication": {"patient": "patient", "encounter": "encounter"},
}
"""Search parameters by which a type names its patient and encounter (http://hl7.org/fhir/R4/searchparameter-registry.html)."""
_KINDS = ("Condition", "Claim", "Task", "Provenance")


@dataclass(frozen=True, slots=True)
class Survey:
    """``existing``: ours by name; ``provenances``: of each address, ours and others'; ``failures``: names of which the EHR did not say whether
    they exist, and the error; ``silence``: the error after which the EHR was not asked any more, or None; ``blind``: types that cannot be searched for what was
    written a moment ago."""

    existing: Mapping[str, Resource] = field(default_factory=dict)
    provenances: Mapping[str, tuple[Resource, ...]] = field(default_factory=dict)
    failures: Mapping[str, FhirCoderError] = field(default_factory=dict)
    silence: FhirCoderError | None = None
    blind: frozenset[str] = frozenset()


def is_silent(error: FhirCoderError) -> bool:
    """Whether no answer came at all: asking on would only wait for the next timeout."""
    return isinstance(error, EhrTimeout) or (isinstance(error, EhrUnavailable) and error.ehr_status == 0)


class Surveyor:
    """Looks up what is ours at one EHR, on the terms of one delivery."""

    def __init__(self, client: EhrWriter, offer: Offer, terms: Terms) -> None:
        self._client = client
        self._offer = offer
        self._terms = terms
        self._by_address = {one.address: name for name, one in terms.earlier.writes.items()}

    def survey(self, proposed: Iterable[Resource]) -> Survey:
        """Everything of ours: what is proposed, and Conditions, the Claim and the Task of earlier codings that are not."""
        existing: dict[str, Resource] = {}
        failures: dict[str, FhirCoderError] = {}
        wanted = {name_of(one): one["resourceType"] for one in proposed if one["resourceType"] != "Provenance"}
        silent = self._list("Condition", existing)
        for name, kind in (wanted | self._left_over(wanted)).items():
            if name in existing or not self._is_offered(kind):
                continue
            if silent:
                failures[name] = silent
                continue
            try:
                found = self.find(kind, name)
            except FhirCoderError as error:
                failures[name] = error
                silent = error if is_silent(error) else None
            else:
                existing |= {name: found} if found else {}
        provenances: dict[str, tuple[Resource, ...]] = {}
        if not silent:
            silent = self._list_provenances(existing.values(), provenances, failures)
        return Survey(existing, provenances, failures, silent, frozenset(one for one in _KINDS if not self.can_find(one)))

    def find(self, kind: str, name: str) -> Resource | None:
        """The resource of that name, by identifier, by the patient's list, or at the address of an earlier receipt.

        Raises an EhrError when the EHR fails, and when it refuses each way of asking.
        """
        refusal: EhrRefused | None = None
        for params in self._queries(kind, name):
            try:
                found = next((one for one in self._client.search(kind, params) if self._name(one) == name), None)
            except EhrRefused as error:
                refusal = error
            else:
                refusal = None
                if found:
                    return found
        if earlier := self._terms.earlier.writes.get(name):
            return self._at(earlier)
        if refusal:
            raise refusal
        return None

    def provenances_of(self, address: str) -> tuple[Resource, ...]:
        """Provenances of the resource at an address, as far as they can be searched."""
        if not self._offer.may_search("Provenance", "target"):
            return ()
        found = self._client.search("Provenance", {"target": address})
        return tuple(one for one in found if any(names_same(target.get("reference"), address) for target in one.get("target", ())))

    def can_find(self, kind: str) -> bool:
        """Whether a resource written a moment ago without an answer could be found again."""
        return self._offer.may_search(kind, "target") if kind == "Provenance" else bool(list(self._queries(kind, "")))

    def _queries(self, kind: str, name: str) -> Iterator[Mapping[str, str]]:
        if not self._offer.can(kind, "search-type"):
            return
        if self._offer.may_search(kind, "identifier"):
            yield {"identifier": f"{PROPOSAL_IDENTIFIER}|{name}"}
        if (listing := self._listing(kind)) and not self._offer.searches(kind, "identifier"):
            yield listing

    def _listing(self, kind: str) -> Mapping[str, str]:
        """The search for everything of this patient and, where it can be asked so, encounter."""
        given = {"patient": self._terms.patient, "encounter": self._terms.encounter}
        wanted = ((name, given[of]) for of, name in _LISTED_BY.get(kind, {}).items())
        return {name: value for name, value in wanted if value and self._offer.may_search(kind, name)}

    def _list(self, kind: str, existing: dict[str, Resource]) -> FhirCoderError | None:
        """Put ours of the encounter into ``existing``; the error when the EHR does not answer at all. A refusal leaves other ways of asking."""
        listing = self._listing(kind)
        if not self._terms.key or not listing or not self._is_offered(kind):
            return None
        try:
            for one in self._client.search(kind, listing):
                name = self._name(one)
                if name.startswith(f"{self._terms.key}.{kind.lower()}."):
                    existing.setdefault(name, one)
        except EhrError as error:
            return error if is_silent(error) else None
        return None

    def _left_over(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Names of earlier codings that are not proposed any more."""
        key = self._terms.key
        if not key:
            return {}
        names = [name for name in self._terms.earlier.writes if name.startswith(f"{key}.condition.")]
        found = dict.fromkeys(names, "Condition") | {f"{key}.claim": "Claim", f"{key}.task": "Task"}
        return {name: kind for name, kind in found.items() if name not in wanted}

    def _is_offered(self, kind: str) -> bool:
        """Whether the EHR could hold one of ours: what it never takes need not be looked for."""
        return self._offer.can(kind, "create") or self._offer.can(kind, "update")

    def _name(self, resource: Resource) -> str:
        """Our name for it; where the EHR lost that, the one that an earlier receipt gives for its address."""
        return name_of(resource) or self._by_address.get(address_of(resource), "")

    def _at(self, earlier: EarlierWrite) -> Resource | None:
        kind, _, resource_id = earlier.address.partition("/")
        if not self._offer.can(kind, "read"):
            return None
        try:
            return self._client.read(kind, resource_id)
        except (ResourceUnknown, ResourceDeleted):
            return None

    def _list_provenances(
        self, resources: Iterable[Resource], found: dict[str, tuple[Resource, ...]], failures: dict[str, FhirCoderError]
    ) -> FhirCoderError | None:
        """Put the Provenances of each Condition into ``found``; the error when the EHR stops answering."""
        silent: FhirCoderError | None = None
        for address in (address_of(one) for one in resources if one["resourceType"] == "Condition"):
            if silent:
                failures[address] = silent
                continue
            try:
                found[address] = self.provenances_of(address)
            except FhirCoderError as error:
                failures[address] = error
                silent = error if is_silent(error) else None
        return silent


def same_provenance(provenances: Iterable[Resource], name: str, entities: object) -> Resource | None:
    """Ours of that name; where the EHR dropped the name, ours with the same sources."""
    ours = [one for one in provenances if is_by_this_software(one)]
    by_name = (one for one in ours if name_of(one) == name or name_of(one).startswith(f"{name}."))
    by_sources = (one for one in ours if not name_of(one) and one.get("entity", []) == entities)
    return next(by_name, None) or next(by_sources, None)
