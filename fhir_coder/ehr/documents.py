"""Which documents of an encounter are its notes: current ones, of this patient and encounter, latest versions only.

Sources: http://hl7.org/fhir/R4/documentreference.html (status, docStatus, relatesTo) and US Core 6.1.0 Clinical Notes, which lets servers
ignore search parameters, so that each document is checked here whatever was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fhir_coder.ehr.references import address_of, is_other, literal
from fhir_coder.errors import Uncodable
from fhir_coder.exchange import Resource

EXCLUDED_STATUS = frozenset({"superseded", "entered-in-error"})
EXCLUDED_DOC_STATUS = frozenset({"entered-in-error"})


@dataclass(frozen=True, slots=True)
class Visit:
    """What a document must belong to: ``Encounter/id`` and ``Patient/id``, each empty when unknown."""

    encounter: str
    patient: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Documents to read, in order of date, why others were left out, and identity conflicts."""

    documents: tuple[Resource, ...]
    warnings: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def select_given(documents: Iterable[Resource], visit: Visit) -> Selection:
    """Documents that the caller sent: all are meant, so one that names another encounter is a conflict. Raises Uncodable for one of another
    patient."""
    chosen = tuple(documents)
    refuse_other_patient(chosen, visit)
    conflicts = tuple(f"{_name(one)} names another encounter" for one in chosen if _encounters(one) and not _is_of(one, visit))
    selection = _current(chosen)
    return Selection(selection.documents, selection.warnings, conflicts)


def select_found(documents: Iterable[Resource], visit: Visit) -> Selection:
    """Documents that a search returned: those of this encounter. Raises Uncodable for one that joins this encounter with another patient."""
    found = tuple(documents)
    chosen = tuple(one for one in found if _is_of(one, visit))
    refuse_other_patient(chosen, visit)
    selection = _current(chosen)
    loose = sum(1 for one in found if not _encounters(one))
    warnings = (f"{loose} documents of the patient name no encounter and were not read",) if loose else ()
    return Selection(selection.documents, selection.warnings + warnings)


def refuse_other_patient(documents: Iterable[Resource], visit: Visit) -> None:
    """Raises Uncodable when a document is certainly about somebody else."""
    for one in documents:
        if is_other(one.get("subject"), visit.patient):
            raise Uncodable(f"{_name(one)} is another patient's", expression=("DocumentReference.subject",))


def _current(documents: tuple[Resource, ...]) -> Selection:
    """Without documents that are retracted or replaced by another of the same set."""
    warnings: list[str] = []
    kept = _drop(documents, lambda one: one.get("status") in EXCLUDED_STATUS, "is superseded or entered in error", warnings)
    kept = _drop(kept, lambda one: one.get("docStatus") in EXCLUDED_DOC_STATUS, "is entered in error", warnings)
    replaced = {target for one in kept for target in _replaced_by(one)}
    kept = _drop(kept, lambda one: address_of(one) in replaced, "is replaced by a later version", warnings)
    warnings += [f"{_name(one)} is preliminary" for one in kept if one.get("docStatus") == "preliminary"]
    return Selection(tuple(sorted(kept, key=lambda one: (document_date(one), one.get("id", "")))), tuple(warnings))


def _drop(documents: tuple[Resource, ...], is_dropped: Callable[[Resource], bool], why: str, warnings: list[str]) -> tuple[Resource, ...]:
    warnings += [f"{_name(one)} {why} and was not read" for one in documents if is_dropped(one)]
    return tuple(one for one in documents if not is_dropped(one))


def _replaced_by(document: Resource) -> set[str]:
    links = (one for one in document.get("relatesTo", ()) if one.get("code") == "replaces")
    targets = {literal(one.get("target"), "DocumentReference") for one in links}
    return targets - {"", address_of(document)}


def document_date(document: Resource) -> str:
    """When the document was made, as it says; addenda then follow the note that they add to."""
    period = document.get("context", {}).get("period", {})
    return document.get("date") or period.get("start", "")


def _encounters(document: Resource) -> list[str]:
    named = (literal(one, "Encounter") for one in document.get("context", {}).get("encounter", ()))
    return [one for one in named if one]


def _is_of(document: Resource, visit: Visit) -> bool:
    return not visit.encounter or visit.encounter in _encounters(document)


def _name(document: Resource) -> str:
    return address_of(document) or "a document without id"
