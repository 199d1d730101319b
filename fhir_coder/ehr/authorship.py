"""Whose documentation a document is, and whether it is signed: what decides what may be coded from it.

Code assignment rests on the documentation of the patient's provider, "the physician or other qualified healthcare practitioner legally
accountable for establishing the patient's diagnosis"; other clinicians supply a few facts (ICD-10-CM Official Guidelines FY2026, I.B.14), an
imaging or pathology report that a physician interpreted its confirmed diagnoses (IV.K), measured values nothing (III.B). Evidence is taken
in this order: the kind of document, its authors' qualifications and roles, who authenticated it, their part in the encounter, and last what
the type of the note says of its author. Where none of these tells, authority is unknown; nothing is assumed.

Sources: http://hl7.org/fhir/R4/documentreference.html (author, authenticator, docStatus), http://hl7.org/fhir/R4/diagnosticreport.html,
http://hl7.org/fhir/R4/practitioner.html (qualification), US Core 6.1.0 PractitionerRole (code, specialty).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from fhir_coder.ehr.references import codings, literal
from fhir_coder.ehr.role_tables import AUTHOR_ROLES, DOCUMENT_KINDS, meanings
from fhir_coder.exchange import Resource
from fhir_coder.model import Authority

Find = Callable[[str], Resource | None]
"""The resource at ``Type/id``, or None."""

FindRoles = Callable[[str], Iterable[Resource]]
"""The PractitionerRoles of a practitioner at ``Type/id``."""

SIGNED_NOTE = frozenset({"final", "amended"})
SIGNED_REPORT = frozenset({"final", "amended", "corrected", "appended"})
_UNSIGNED = frozenset({"preliminary", "registered", "partial", "entered-in-error", "cancelled", "unknown"})
_STATUS_OF = {"DocumentReference": "docStatus", "DiagnosticReport": "status"}
_TYPE_OF = {"DocumentReference": "type", "DiagnosticReport": "code"}
_ACCOUNTABLE = frozenset({"ATND", "PPRF"})
"""Participation types of who treats in an encounter (http://terminology.hl7.org/CodeSystem/v3-ParticipationType): attender, primary performer."""


class Standing(StrEnum):
    """What one person is to the diagnosis. A ``STUDENT`` (resident, scribe) writes what a provider must sign."""

    PROVIDER = "provider"
    CLINICIAN = "clinician"
    STUDENT = "student"
    PATIENT = "patient"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Authorship:
    """``author`` is the reference (``Type/id``) of the first author or empty; ``is_signed``: signed for certain."""

    author: str = ""
    authority: Authority = Authority.UNKNOWN
    is_signed: bool = False


def unknown_authorship(document: Resource) -> Authorship:
    """What is known of a document without its encounter: nothing."""
    return Authorship()


@dataclass(frozen=True, slots=True)
class Signatures:
    """What a document says of its making: what its authors and authenticators are, its kinds by the table, its status code or empty."""

    authors: tuple[Standing, ...]
    authenticators: tuple[Standing, ...]
    kinds: frozenset[str]
    status: str

    @property
    def is_signed(self) -> bool:
        """A final status or an authenticator; a status that says the contrary outweighs the latter. What a patient reports is signed by a
        clinician only, whatever its status (guideline I.C.21.c.17)."""
        if self.status in _UNSIGNED:
            return False
        if self.is_patients:
            return bool({Standing.PROVIDER, Standing.CLINICIAN} & {*self.authenticators})
        return self.status in SIGNED_NOTE | SIGNED_REPORT or bool(self.authenticators)

    @property
    def is_patients(self) -> bool:
        """Whether these are the patient's own words: by the type of the document, or because nobody else is named."""
        return "patient" in self.kinds or (bool(self.authors) and set(self.authors) == {Standing.PATIENT})


class Authors:
    """Decides for the documents of one encounter. ``find`` supplies referenced people, ``find_roles`` the roles of a practitioner whose own
    qualification says nothing; each is asked for once."""

    def __init__(self, encounter: Resource, find: Find, find_roles: FindRoles = lambda _: ()) -> None:
        self._find = find
        self._find_roles = find_roles
        self._roles: dict[str, tuple[Resource, ...]] = {}
        self._found: dict[str, Resource | None] = {}
        self._encounter = encounter
        self._accountable: frozenset[str] | None = None

    def __call__(self, document: Resource) -> Authorship:
        """Authorship of a DocumentReference or a DiagnosticReport."""
        authors, authenticators = _people_of(document)
        signatures = Signatures(
            tuple(self._standing(one, document) for one in authors),
            tuple(self._standing(one, document) for one in authenticators),
            meanings(DOCUMENT_KINDS, [document.get(_TYPE_OF[document["resourceType"]]), *document.get("category", ())]),
            document.get(_STATUS_OF[document["resourceType"]], ""),
        )
        author = next(filter(None, map(literal, authors)), "")
        return Authorship(author, decide_authority(signatures), signatures.is_signed)

    def people(self) -> Iterator[Resource]:
        """The practitioners and roles that were found while deciding."""
        yield from (one for one in self._found.values() if one is not None)
        yield from (role for roles in self._roles.values() for role in roles)

    def _standing(self, reference: Resource, document: Resource) -> Standing:
        """What a referenced person is, as far as can be known."""
        person = self._resolve(reference, document)
        kind = person["resourceType"] if person else _kind_of(reference)
        if kind in {"Patient", "RelatedPerson"}:
            return Standing.PATIENT
        if kind not in {"Practitioner", "PractitionerRole"}:
            return Standing.UNKNOWN
        said = {Standing(one) for one in self._said_of(person, literal(reference), document)}
        for decisive in (Standing.STUDENT, Standing.PROVIDER, Standing.CLINICIAN):
            if decisive in said:
                return decisive
        return Standing.PROVIDER if self._is_accountable(reference, person) else Standing.UNKNOWN

    def _said_of(self, person: Resource | None, address: str, document: Resource) -> frozenset[str]:
        """What the person's qualifications and roles mean, by the table."""
        said = meanings(AUTHOR_ROLES, self._qualifications(person, document))
        if said or not address.startswith("Practitioner/"):
            return said
        if address not in self._roles:
            self._roles[address] = tuple(self._find_roles(address))
        return meanings(AUTHOR_ROLES, [one for role in self._roles[address] for one in (*role.get("code", ()), *role.get("specialty", ()))])

    def _qualifications(self, person: Resource | None, document: Resource) -> Iterator[Resource | None]:
        """Every concept that says what a Practitioner or PractitionerRole is, the practitioner in a role included."""
        if person is None:
            return
        yield from (one.get("code") for one in person.get("qualification", ()))
        yield from person.get("code", ())
        yield from person.get("specialty", ())
        if "practitioner" in person:
            yield from self._qualifications(self._resolve(person["practitioner"], document), document)

    def _is_accountable(self, reference: Resource, person: Resource | None) -> bool:
        """Whether the person attends this encounter: who treats and writes the note is its provider, if nothing says otherwise."""
        if self._accountable is None:
            self._accountable = frozenset(self._attending())
        names = {*_names_of(reference), *_names_of((person or {}).get("practitioner", {}))}
        return bool(names & self._accountable)

    def _attending(self) -> Iterator[str]:
        for participant in self._encounter.get("participant", ()):
            types = {coding.get("code") for concept in participant.get("type", ()) for coding in codings(concept)}
            if types & _ACCOUNTABLE:
                individual = participant.get("individual", {})
                yield from _names_of(individual)
                role = self._resolve(individual, self._encounter) if literal(individual, "PractitionerRole") else None
                yield from _names_of((role or {}).get("practitioner", {}))

    def _resolve(self, reference: Resource, container: Resource) -> Resource | None:
        """The contained resource or the one that ``find`` has; only people are asked for."""
        text = reference.get("reference", "")
        if text.startswith("#"):
            return next((one for one in container.get("contained", ()) if one.get("id") == text[1:]), None)
        address = literal(reference)
        if address.partition("/")[0] not in {"Practitioner", "PractitionerRole"}:
            return None
        if address not in self._found:
            self._found[address] = self._find(address)
        return self._found[address]


def _kind_of(reference: Resource) -> str:
    """The type that a Reference names: by its address, literal or conditional, or by ``type``."""
    return literal(reference).partition("/")[0] or reference.get("type") or reference.get("reference", "").partition("?")[0]


def _names_of(reference: Resource) -> Iterator[str]:
    """What tells a person in a Reference: the literal address, the conditional reference as it stands, the identifier."""
    text = reference.get("reference", "")
    if name := literal(reference) or (text if "?" in text else ""):
        yield name
    if value := reference.get("identifier", {}).get("value"):
        yield f"{reference['identifier'].get('system', '')}|{value}"


def decide_authority(signatures: Signatures) -> Authority:
    """Whose documentation it is, from who wrote it, who answers for it and what kind of document it is."""
    if "report" in signatures.kinds:
        return _of_report(signatures)
    if "results" in signatures.kinds:
        return Authority.RESULTS
    if signatures.is_patients:
        return Authority.CLINICIAN
    known = set(signatures.authors) - {Standing.UNKNOWN, Standing.PATIENT}
    if Standing.PROVIDER in known:
        return Authority.PROVIDER if known == {Standing.PROVIDER} or signatures.is_signed else Authority.UNKNOWN
    if Standing.CLINICIAN in known or (not known and "clinician" in signatures.kinds):
        return Authority.CLINICIAN
    # A provider's signature makes a student's or scribe's note, and one of unknown hand, the provider's own (42 CFR 415.172).
    if Standing.PROVIDER in signatures.authenticators:
        return Authority.PROVIDER
    return Authority.CLINICIAN if Standing.STUDENT in known else _by_type(signatures.kinds)


def _of_report(signatures: Signatures) -> Authority:
    """A report is one that a physician interpreted, unless all who are named for it are known to be somebody else."""
    people = {*signatures.authors, *signatures.authenticators}
    others = {Standing.CLINICIAN, Standing.STUDENT, Standing.PATIENT}
    return Authority.CLINICIAN if people and people <= others else Authority.REPORT


def _by_type(kinds: frozenset[str]) -> Authority:
    if kinds & {"student", "clinician", "patient"}:
        return Authority.CLINICIAN
    return Authority.PROVIDER if "provider" in kinds else Authority.UNKNOWN


def _people_of(document: Resource) -> tuple[list[Resource], list[Resource]]:
    """References to authors and to those who authenticate; who interprets a report is both, and stands before who performed it."""
    if document["resourceType"] == "DiagnosticReport":
        interpreters = document.get("resultsInterpreter", [])
        return [*interpreters, *document.get("performer", [])], interpreters
    return document.get("author", []), [document["authenticator"]] if "authenticator" in document else []
