"""The audit of a server that gives it by search: IHE ITI-81 (Retrieve ATNA Audit Event), the search that FHIR R4 defines for AuditEvent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from conformance.check import check
from conformance.exchange import Resource, objects
from conformance.target import Target
from conformance.verdict import Omitted, Skipped, expect
from conformance.visit import encounter, note, parameters, patient

DONE = "0"
"""AuditEvent.outcome of what succeeded; every other code is a failure (http://hl7.org/fhir/R4/valueset-audit-event-outcome.html)."""
TRIES, PAUSE_S = 5, 1.0
"""An audit may be written down beside the answer, and a little later."""
CLOCKS = timedelta(minutes=10)
"""How far the server's clock may be from ours."""


@check
def calls_are_kept(target: Target) -> None:
    """A call that was done is an AuditEvent that says who called, which encounter, and how it ended."""
    _require_search(target)
    visit = _new_id()
    if target.code(_visit(visit)).status != 200:
        raise Skipped("the visit could not be coded; other checks say why")
    kept = _kept(target, visit)
    expect(kept, f"an AuditEvent whose entity is Encounter/{visit}, within {TRIES * PAUSE_S:g} s", "none")
    expect(any(one.get("outcome") == DONE for one in kept), f"outcome {DONE} for a call that was done", _outcomes(kept))
    expect(any(_names_who_asked(one) for one in kept), "an agent with requestor true, and who, altId, name or network", "none")


@check
def refusals_are_kept(target: Target) -> None:
    """A call that was refused is an AuditEvent that does not say that it was done."""
    _require_search(target)
    visit = _new_id()
    answer = target.code(_visit(visit, status="planned"), visit)
    if answer.is_success:
        raise Skipped("the server codes an encounter that is planned")
    kept = _kept(target, visit)
    expect(kept, f"an AuditEvent whose entity is Encounter/{visit}, within {TRIES * PAUSE_S:g} s", "none")
    expect(
        any(one.get("outcome", DONE) != DONE for one in kept), f"another outcome than {DONE} for a call that was refused", _outcomes(kept)
    )


def _require_search(target: Target) -> None:
    """Omitted for a server whose audit is not read over its interface."""
    codes = {str(one.get("code")) for one in objects(target.claimed("AuditEvent").get("interaction"))}
    if "search-type" not in codes:
        raise Omitted("the CapabilityStatement lists no search of AuditEvent")


def _new_id() -> str:
    return f"conformance-{uuid4().hex[:12]}"


def _visit(visit: str, **changes: Any) -> Resource:
    """The whole visit under an id that was never heard of."""
    document = note(context={"encounter": [{"reference": f"Encounter/{visit}"}]})
    parts = (("encounter", encounter(id=visit, **changes)), ("patient", patient()), ("note", document))
    return parameters(*({"name": name, "resource": one} for name, one in parts))


def _kept(target: Target, visit: str) -> list[Resource]:
    """The events about the encounter, or none after some waiting."""
    for left in reversed(range(TRIES)):
        found = [one for one in _found(target, visit) if _is_about(one, visit)]
        if found or not left:
            return found
        time.sleep(PAUSE_S)
    return []


def _found(target: Target, visit: str) -> Iterator[Resource]:
    """By the encounter where that is a search parameter, else by date alone, which ITI-81 asks of every server."""
    since = (datetime.now(UTC) - CLOCKS).isoformat(timespec="seconds").replace("+00:00", "Z")
    query = {"date": f"ge{since}", "_count": "200"}
    if "entity" in {str(one.get("name")) for one in objects(target.claimed("AuditEvent").get("searchParam"))}:
        query["entity"] = f"Encounter/{visit}"
    answer = target.get("AuditEvent", query=query)
    if answer.status in {401, 403}:
        raise Skipped("give --token or --backend-services with a scope that opens AuditEvent (system/AuditEvent.rs)")
    expect(answer.status == 200, "200 with a Bundle for a search of AuditEvent by date", answer)
    yield from (one["resource"] for one in objects(answer.resource.get("entry")) if isinstance(one.get("resource"), dict))


def _is_about(event: Mapping[str, Any], visit: str) -> bool:
    named = [one.get("what") for one in objects(event.get("entity"))]
    references = [one.get("reference", "") for one in named if isinstance(one, dict)]
    return any(str(one).split("/_history/")[0].endswith(f"Encounter/{visit}") for one in references)


def _names_who_asked(event: Mapping[str, Any]) -> bool:
    asked = [one for one in objects(event.get("agent")) if one.get("requestor") is True]
    return any(one.get(name) for one in asked for name in ("who", "altId", "name", "network"))


def _outcomes(events: list[Resource]) -> str:
    return ", ".join(str(one.get("outcome", "no outcome")) for one in events)
