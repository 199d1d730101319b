"""Who works at the command line, for the audit: the account of the machine, whoever the environment says one is."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping

from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.store.records import StoredEncounter


def operator() -> Agent:
    """The account that the process belongs to, at this machine."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number without a name
        name = f"uid {os.getuid()}"
    return Agent(AgentKind.OPERATOR, name, f"urn:fhir-coder:host:{socket.gethostname()}")


def looked_at(event: str, coding: StoredEncounter, detail: Mapping[str, str] | None = None) -> AuditEntry:
    """The entry of an operator who sees a coding."""
    entities, told = (coding.encounter_reference,), {"coding": coding.id, **(detail or {})}
    return AuditEntry(coding.tenant, event, Action.READ, Success.DONE, operator(), coding.patient_reference, entities, detail=told)
