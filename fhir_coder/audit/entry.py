"""One thing that somebody did or was refused, before it becomes a FHIR AuditEvent: ids and words of ours, never note text or a token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum


class Action(Enum):
    """What was done, by the codes of http://hl7.org/fhir/R4/valueset-audit-event-action.html."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


class Success(Enum):
    """How it ended, by the codes of http://hl7.org/fhir/R4/valueset-audit-event-outcome.html: done, refused, failed."""

    DONE = "0"
    REFUSED = "4"
    FAILED = "8"


class AgentKind(Enum):
    """Who acted."""

    PERSON = "person"
    CLIENT = "client"
    SOFTWARE = "software"
    OPERATOR = "operator"
    NOBODY = "nobody"
    """Who could not be told: a call without a valid token."""


@dataclass(frozen=True, slots=True)
class Agent:
    """``id``: ``fhirUser`` or subject of a person, client id of a program, account name of an operator; ``issuer``: who says so;
    ``client``: id of the program that a person used."""

    kind: AgentKind
    id: str = ""
    issuer: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """``event``: our word for what happened (``code-encounter``, ``sign-in``, ``export``); ``patient`` and ``entities`` are references
    (``Patient/7``); ``detail`` holds ids, codes and counts; ``purpose`` is a code of v3-PurposeOfUse (``TREAT``, ``HPAYMT``, ``BTG``)."""

    tenant: str
    event: str
    action: Action
    success: Success
    agent: Agent
    patient: str = ""
    entities: tuple[str, ...] = ()
    request_id: str = ""
    address: str = ""
    purpose: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


Auditor = Callable[[AuditEntry], None]
"""Keeps an entry before the answer leaves. Raises when it cannot: what cannot be written down is not done."""


def no_audit(entry: AuditEntry) -> None:
    """Keeps nothing: for parts that are tried alone."""
