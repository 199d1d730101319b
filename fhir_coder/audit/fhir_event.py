"""An audit entry as a FHIR R4 AuditEvent (http://hl7.org/fhir/R4/auditevent.html) after the patterns of IHE BALP.

BALP (https://profiles.ihe.net/ITI/BALP/) has the program that calls as DICOM "Source Role ID" and the server as "Destination Role ID", a person as
"information recipient", the patient as a Person in the role Patient, other resources as System Objects in the role Domain Resource, and the
request's id as an entity of its own. It has no profile for operations, so that no event claims one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fhir_coder import __version__
from fhir_coder.audit.entry import Agent, AgentKind, AuditEntry
from fhir_coder.audit.event_codes import DICOM, code_of

Resource = dict[str, Any]

SOFTWARE = "https://fhir-coder.github.io/fhir/identifier/software"
ACCOUNT = "https://fhir-coder.github.io/fhir/identifier/account"
"""System of account names of the server's own machine, where no issuer vouches for an agent."""
ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ENTITY_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
REQUEST_ID_TYPE = {"system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "code": "XrequestId"}
_CLIENT = {"system": DICOM, "code": "110153", "display": "Source Role ID"}
_SERVER = {"system": DICOM, "code": "110152", "display": "Destination Role ID"}
_RECIPIENT = {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP", "display": "information recipient"}
_APPLICATION_SERVER = {
    "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
    "code": "4",
    "display": "Application Server",
}
_PERSON = {"system": ENTITY_TYPE, "code": "1"}
_OBJECT = {"system": ENTITY_TYPE, "code": "2"}
"""System Object."""
_PATIENT_ROLE = {"system": ENTITY_ROLE, "code": "1"}
_RESOURCE_ROLE = {"system": ENTITY_ROLE, "code": "4"}
"""Domain Resource."""
_JOB_ROLE = {"system": ENTITY_ROLE, "code": "20"}
_PURPOSE = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_URI, _ADDRESS = "5", "2"
"""Of http://hl7.org/fhir/R4/valueset-network-type.html."""
_LONGEST = 1000
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\s]+")
"""Controls of both sets, which a terminal may obey, and halves of characters, which JSON may hold and no database takes."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Who writes down: this server, by its public URL or the name of its machine."""

    address: str = "localhost"


def audit_event(entry: AuditEntry, observer: Observer, event_id: str, recorded: datetime) -> Resource:
    """The resource. ``recorded`` is aware; empty members of the entry leave no trace."""
    code = code_of(entry.event)
    event: Resource = {
        "resourceType": "AuditEvent",
        "id": event_id,
        "type": code.type,
        "subtype": list(code.subtypes),
        "action": entry.action.value,
        "recorded": instant(recorded),
        "outcome": entry.success.value,
        "agent": list(_agents(entry, observer)),
        "source": {"site": entry.tenant, "observer": _software(), "type": [_APPLICATION_SERVER]},
        "entity": list(_entities(entry)),
    }
    if entry.purpose:
        event["purposeOfEvent"] = [{"coding": [{"system": _PURPOSE, "code": _plain(entry.purpose)}]}]
    return {name: value for name, value in event.items() if value}


def instant(moment: datetime) -> str:
    """A FHIR instant in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _agents(entry: AuditEntry, observer: Observer) -> Iterator[Resource]:
    """The one who asked first, then the program a person used, then we."""
    agent, network = entry.agent, _network(entry.address)
    if agent.kind in {AgentKind.PERSON, AgentKind.OPERATOR}:
        yield {"type": _concept(_RECIPIENT), "who": _who(agent), "requestor": True}
        if agent.client or network:
            program = {"identifier": {"value": _plain(agent.client)}} if agent.client else {"display": "the person's program"}
            yield {"type": _concept(_CLIENT), "who": program, "requestor": False, **network}
    else:
        yield {"type": _concept(_CLIENT), "who": _who(agent), "requestor": True, **network}
    server = {"address": _plain(observer.address), "type": _URI if "://" in observer.address else "1"}
    yield {"type": _concept(_SERVER), "who": _software(), "requestor": False, "network": server}


def _who(agent: Agent) -> Resource:
    """Reference by identifier: none of these is a resource at a place that everybody could read."""
    if agent.kind is AgentKind.SOFTWARE:
        return _software()
    if agent.kind is AgentKind.NOBODY or not agent.id:
        return {"display": "not told"}
    return {
        "identifier": {"system": _plain(agent.issuer).replace(" ", "") or ACCOUNT, "value": _plain(agent.id)},
        "display": agent.kind.value,
    }


def _network(address: str) -> Resource:
    return {"network": {"address": _plain(address), "type": _ADDRESS}} if address else {}


def _software() -> Resource:
    return {"type": "Device", "identifier": {"system": SOFTWARE, "value": "fhir-coder"}, "display": f"fhir-coder {__version__}"}


def _entities(entry: AuditEntry) -> Iterator[Resource]:
    if entry.patient:
        yield {"what": {"reference": _plain(entry.patient)}, "type": _PERSON, "role": _PATIENT_ROLE}
    for reference in dict.fromkeys(entry.entities):
        if reference and reference != entry.patient:
            yield {"what": {"reference": _plain(reference)}, "type": _OBJECT, "role": _RESOURCE_ROLE}
    if entry.request_id:
        yield {"what": {"identifier": {"value": _plain(entry.request_id)}}, "type": REQUEST_ID_TYPE}
    details = [{"type": _plain(name), "valueString": _plain(value)} for name, value in sorted(entry.detail.items()) if _plain(value)]
    if details:
        yield {"type": _OBJECT, "role": _JOB_ROLE, "name": entry.event, "detail": details}


def _concept(coding: Resource) -> Resource:
    return {"coding": [coding]}


def _plain(text: str) -> str:
    """One line of bounded length: ids and counts are; what is longer, or holds control characters, came from outside."""
    return _CONTROLS.sub(" ", text).strip()[:_LONGEST].strip()
