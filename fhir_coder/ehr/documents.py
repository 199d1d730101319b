"""Which documents belong to a visit: of this patient and encounter, clinical notes where the EHR marks them. Which of those are read is settled
in :mod:`fhir_coder.ehr.standing`.

Source: US Core 6.1.0 Clinical Notes, which lets servers ignore search parameters, so that each document is checked here whatever was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fhir_coder.ehr.policy import DEFAULT_POLICY, IntakePolicy
from fhir_coder.ehr.references import codings, is_other
from fhir_coder.ehr.screening import Screen
from fhir_coder.ehr.search_plan import CLINICAL_NOTE
from fhir_coder.ehr.selection import Selection, document_date, name_of
from fhir_coder.ehr.standing import choose_standing
from fhir_coder.ehr.visit import Visit as Visit
from fhir_coder.errors import Uncodable
from fhir_coder.exchange import Resource


def select_given(
    documents: Iterable[Resource], visit: Visit, policy: IntakePolicy = DEFAULT_POLICY, screen: Screen | None = None
) -> Selection:
    """Documents that the caller sent: all are meant, so one that names another encounter is a conflict. Raises Uncodable for one of another
    patient."""
    chosen = tuple(documents)
    refuse_other_patient(chosen, visit)
    conflicts = tuple(f"{name_of(one)} names another encounter" for one in chosen if names_other(encounters_of(one), visit))
    return replace(choose_standing(chosen, range(len(chosen)), policy, screen), conflicts=conflicts)


def select_found(
    documents: Iterable[Resource], visit: Visit, policy: IntakePolicy = DEFAULT_POLICY, screen: Screen | None = None
) -> Selection:
    """Documents that a search returned: those of this encounter. Raises Uncodable for one that joins this encounter with another patient."""
    found = tuple(documents)
    ours = [position for position, one in enumerate(found) if is_of(one, visit)]
    refuse_other_patient((found[one] for one in ours), visit)
    notes = [one for one in ours if _is_clinical_note(found[one])]
    others = [one for one in ours if notes and one not in notes and found[one].get("category")]
    warnings = [f"{name_of(found[one])} is not in the category clinical-note and was not read" for one in others]
    if ours and not notes:
        warnings.append("no document of the encounter is in the category clinical-note: they were taken whatever their category")
    chosen = [one for one in ours if one not in others]
    loose = [one for one in found if not is_of(one, visit) and not names_other(encounters_of(one), visit) and _is_dated_within(one, visit)]
    if loose:
        warnings.append(f"{len(loose)} documents of the patient that may be of the visit by their date name no encounter and were not read")
    selection = choose_standing(found, chosen, policy, screen)
    return replace(selection, warnings=(*selection.warnings, *warnings))


def clinical_notes(documents: Iterable[Resource]) -> tuple[Resource, ...]:
    """Of the documents of an encounter those in the category clinical-note; all of them where none is."""
    every = tuple(documents)
    return tuple(filter(_is_clinical_note, every)) or every


def refuse_other_patient(documents: Iterable[Resource], visit: Visit) -> None:
    """Raises Uncodable when a document is certainly about somebody else."""
    for one in documents:
        if is_other(one.get("subject"), visit.patient):
            raise Uncodable(f"{name_of(one)} is another patient's", expression=(f"{one['resourceType']}.subject",))


def encounters_of(document: Resource) -> list[Resource]:
    """The references by which a DocumentReference names encounters."""
    return list(document.get("context", {}).get("encounter", ()))


def is_of(document: Resource, visit: Visit) -> bool:
    """Whether a DocumentReference names the visit's encounter, or it is unknown which that is."""
    return visit.is_among(encounters_of(document))


def names_other(encounters: Iterable[Resource], visit: Visit) -> bool:
    """Whether references certainly name other encounters, and not this one."""
    named = [one for one in encounters if visit.can_compare(one)]
    return bool(named) and not visit.is_among(named)


def _is_clinical_note(document: Resource) -> bool:
    found = (coding for concept in document.get("category", ()) for coding in codings(concept))
    return any((one.get("system"), one.get("code")) == CLINICAL_NOTE for one in found)


def _is_dated_within(document: Resource, visit: Visit) -> bool:
    """Whether it may be of the visit by its date and the patient's name, although it names no encounter."""
    return not is_other(document.get("subject"), visit.patient) and visit.spans(document_date(document))
