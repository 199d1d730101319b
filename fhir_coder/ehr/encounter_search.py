"""How an EHR is asked for the encounters of a time, and whether it says that it can be: pure functions.

The parameters are those of base R4 (http://hl7.org/fhir/R4/encounter.html#search). What is listed may still be refused: Oracle Health lists ``_lastUpdated``,
``date`` and ``status`` and wants a patient, an account, an identifier or an id with each; what comes back is checked again in any case, as servers may
ignore what they are asked (http://hl7.org/fhir/R4/search.html#errors).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from fhir_coder.discovery_settings import LISTED, SEARCHING, Way, WayName
from fhir_coder.ehr.capabilities import Capabilities
from fhir_coder.ehr.moments import UNDATED, moment
from fhir_coder.ehr.references import literal
from fhir_coder.exchange import Resource

KIND = "Encounter"
PAGE_SIZE = "100"
NEEDED: Mapping[WayName, tuple[str, ...]] = {
    WayName.UPDATED: ("_lastUpdated",),
    WayName.BY_PRACTITIONER: ("practitioner", "date"),
    WayName.BY_PATIENT: ("patient",),
    WayName.BY_DATE: ("date",),
}
"""The search parameters of Encounter that a way cannot do without. Where a patient can be searched and no day, all encounters of the patient are."""

Parameters = tuple[tuple[str, str], ...]


def missing(capabilities: Capabilities, way: Way) -> tuple[str, ...]:
    """Search parameters that a way needs and the EHR's metadata does not list."""
    needed = ("identifier",) if way.name is WayName.HL7 and way.visit == "identifier" else NEEDED.get(way.name, ())
    return tuple(one for one in needed if not capabilities.may_search(KIND, one))


def offered(capabilities: Capabilities) -> tuple[WayName, ...]:
    """The searching ways that the EHR's metadata allows."""
    return tuple(one for one in SEARCHING if not missing(capabilities, Way(one)))


def by_update(capabilities: Capabilities, since: datetime, until: datetime | None) -> Parameters:
    """Encounters that changed since then, and before ``until`` unless it is None."""
    upper: Parameters = (("_lastUpdated", f"lt{_instant(until)}"),) if until else ()
    return (("_lastUpdated", f"ge{_instant(since)}"), *upper, *_paging(capabilities))


def is_dated(capabilities: Capabilities) -> bool:
    """Whether encounters can be searched by day."""
    return capabilities.may_search(KIND, "date")


def by_day(capabilities: Capabilities, first: date, last: date, way: WayName, person: str = "", is_finished: bool = True) -> Parameters:
    """Encounters of these days, the last included; of one practitioner or patient by id. ``is_finished``: only finished ones, where that can be asked."""
    who: Parameters = ((LISTED[way].lower(), person),) if person else ()
    dated = (("date", f"ge{first}"), ("date", f"lt{last + timedelta(days=1)}"))
    days: Parameters = dated if is_dated(capabilities) else ()
    status: Parameters = (("status", "finished"),) if is_finished and capabilities.searches(KIND, "status") else ()
    return (*who, *days, *status, *_paging(capabilities))


def by_identifier(token: str) -> Parameters:
    """Encounters of a business identifier, ``system|value`` or a value alone."""
    return (("identifier", token),)


def is_of(encounter: Resource, way: WayName, person: str) -> bool:
    """Whether an Encounter may be of the person: it names no other patient; of its practitioners, where it names any, this one."""
    address = f"{LISTED[way]}/{person}"
    if way is WayName.BY_PATIENT:
        return literal(encounter.get("subject"), "Patient") in {"", address}
    named = _practitioners(encounter)
    return not named or address in named


def last_day(encounter: Resource) -> date | None:
    """The calendar day on which it ended, or else began; None where neither is told."""
    period = encounter.get("period", {})
    for text in (period.get("end", ""), period.get("start", "")):
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            continue
    return None


def first_day(encounter: Resource) -> date | None:
    """The calendar day on which it began, or None."""
    return last_day({"period": {"start": encounter.get("period", {}).get("start", "")}})


def is_of_now(first: date | None, last: date | None, today: date, wait_days: int) -> bool:
    """Whether an encounter of these days took place not long ago: an old visit that somebody corrects, or that a server sends unasked, is not for discovery,
    and one to come is found when it comes."""
    is_old = last is not None and last < today - timedelta(days=wait_days)
    return not is_old and (first is None or first <= today + timedelta(days=1))


def updated_at(encounter: Resource) -> datetime | None:
    """When the EHR says that it changed last."""
    found = moment(encounter.get("meta", {}).get("lastUpdated", ""))
    return None if found == UNDATED else found


def _practitioners(encounter: Resource) -> set[str]:
    individuals: Iterable[Resource] = (one.get("individual", {}) for one in encounter.get("participant", ()))
    return {named for one in individuals if (named := literal(one, "Practitioner"))}


def _paging(capabilities: Capabilities) -> Parameters:
    return (("_count", PAGE_SIZE),) if capabilities.searches(KIND, "_count") else ()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
