"""Asking an EHR for the documents of a visit: the plan carried out, its pages put together, each document once.

A search that fails half way gives nothing: a partial list is never coded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.documents import is_of
from fhir_coder.ehr.moments import moment
from fhir_coder.ehr.references import address_of
from fhir_coder.ehr.search_plan import Search, plan_note_searches, plan_report_searches
from fhir_coder.ehr.searchset import LeftOut
from fhir_coder.ehr.visit import Visit
from fhir_coder.errors import EhrRefused, Uncodable
from fhir_coder.exchange import Resource
from fhir_coder.fhir_id import FHIR_ID
from fhir_coder.model import UnreadableNote

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave, whichever encounter it is of, and entries of this visit that are not valid FHIR and could not be used."""

    documents: tuple[Resource, ...] = ()
    invalid: tuple[UnreadableNote, ...] = ()


def search_notes(client: EhrClient, visit: Visit, warn: Warn) -> Found | None:
    """The DocumentReferences of a visit, or None when the EHR's metadata offers no way to ask for them.

    Raises an EhrError when a search fails. The wider look beside a search by category may be refused where that found a document of the
    visit; where it did not, Uncodable says so: nothing suggests that asking again would help.
    """
    plan = plan_note_searches(client.capabilities(), visit)
    if not plan:
        return None
    found = _run(client, plan[0], visit, warn)
    if len(plan) == 1:
        return found
    try:
        wide = _run(client, plan[1], visit, warn)
    except EhrRefused as error:
        if not any(is_of(one, visit) for one in found.documents):
            raise Uncodable(
                f"the encounter has no document in the category clinical-note, and the EHR does not search without it: {error.message}",
                expression=("Encounter",),
            ) from error
        warn(f"documents outside the category clinical-note could not be looked for: {error.message}")
        return found
    return Found(_once(found.documents + wide.documents), tuple(dict.fromkeys(found.invalid + wide.invalid)))


def search_reports(client: EhrClient, visit: Visit, warn: Warn) -> Found:
    """The DiagnosticReports of a visit as far as the EHR offers them: they add to the notes, so a refusal is only told."""
    for search in plan_report_searches(client.capabilities(), visit):
        try:
            return _run(client, search, visit, warn)
        except EhrRefused as error:
            warn(f"DiagnosticReport could not be had from the EHR: {error.message}")
    return Found()


def _run(client: EhrClient, search: Search, visit: Visit, warn: Warn) -> Found:
    left_out: list[LeftOut] = []
    documents = tuple(client.search(search.resource_type, search.parameters, warn, left_out.append))
    invalid = [one for one in left_out if one.resource.get("resourceType") == search.resource_type and _may_be_of(one.resource, visit)]
    return Found(_once(documents), tuple(map(_unreadable, invalid)))


def _once(documents: Iterable[Resource]) -> tuple[Resource, ...]:
    """Each document once, in its latest version: pages shift while an EHR is written to, and two searches overlap."""
    latest: dict[object, Resource] = {}
    for one in documents:
        key = address_of(one) or id(one)
        if key not in latest or _updated(one) > _updated(latest[key]):
            latest[key] = one
    return tuple(latest.values())


def _updated(document: Resource) -> datetime:
    return moment(document.get("meta", {}).get("lastUpdated", ""))


def _may_be_of(raw: Resource, visit: Visit) -> bool:
    """Whether an entry that is not valid FHIR may belong to the visit: it names this encounter, or none."""
    text = json.dumps(raw, default=str)
    return not visit.encounter or f"{visit.encounter}" in text or "Encounter/" not in text


def _unreadable(entry: LeftOut) -> UnreadableNote:
    """Named by its id, if that is one: anything else of an invalid entry may be words of the record."""
    resource_id = entry.resource.get("id")
    named = resource_id if isinstance(resource_id, str) and FHIR_ID.fullmatch(resource_id) else f"entry-{entry.position}"
    return UnreadableNote(named, "malformed", f"not valid FHIR R4: {entry.reason}", f"{entry.resource['resourceType']}/{named}")
