"""What a valid token grants: its scopes, and the patient and encounter it is bound to.

The claims ``patient`` and ``encounter`` are bare ids, as in a SMART token response. Whatever the level of the scopes, a token that names a
patient is for that patient only. Scopes at patient level without a patient open nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fhir_coder.errors import Forbidden
from fhir_coder.exchange import CallerLimits, CodingRequest
from fhir_coder.fhir_id import FHIR_ID
from fhir_coder.smart.claims import client_of
from fhir_coder.smart.refusal import refuse
from fhir_coder.smart.scopes import Scope, covers, parse_scopes, withheld_writes

_WORD = re.compile(r"[!-~]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Grant:
    """Scopes that count; ids of the only patient and encounter, or empty.

    ``client`` is the client that the token was given to, ``subject`` whom the issuer means by ``sub``, ``fhir_user`` the FHIR resource of the
    person who acts, ``issuer`` who says so; each empty where the token does not tell. They are the issuer's words, for the record and for limits.
    """

    scopes: tuple[Scope, ...]
    patient: str = ""
    encounter: str = ""
    client: str = ""
    subject: str = ""
    fhir_user: str = ""
    issuer: str = ""


def read_grant(claims: Mapping[str, Any]) -> Grant:
    """The grant in the claims of a verified token. Raises Unauthenticated for a context that is no id."""
    patient, encounter = _id(claims, "patient"), _id(claims, "encounter")
    scopes = parse_scopes(_scope_text(claims))
    return Grant(
        tuple(one for one in scopes if patient or one.level != "patient"),
        patient,
        encounter,
        _word(client_of(claims)),
        _word(claims.get("sub")),
        _word(claims.get("fhirUser")),
        _word(claims.get("iss")),
    )


def bound(coding: CodingRequest, grant: Grant) -> CodingRequest:
    """The request within what the token allows. Raises Forbidden for another encounter than the token's; whose patient it is shows when the
    Encounter is there (:mod:`fhir_coder.ehr.entitlement`)."""
    if grant.encounter and (coding.encounter_id or (coding.encounter or {}).get("id", "")) != grant.encounter:
        raise Forbidden("the token is bound to another encounter")
    limits = CallerLimits(grant.patient, covers(grant.scopes, ("Binary", "r")), withheld_writes(grant.scopes))
    return replace(coding, limits=limits)


def require_patient(grant: Grant, patient_id: str) -> None:
    """Raises Forbidden when the token is bound to a patient and this is another, or unknown (empty)."""
    if grant.patient and patient_id != grant.patient:
        raise Forbidden("the token is bound to another patient")


def _word(value: Any) -> str:
    """What of a name may be written down: printable ASCII up to 255 characters; anything else is not repeated."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _id(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not FHIR_ID.fullmatch(value):
        refuse(f"the token's {name} is no id")
    return value


def _scope_text(claims: Mapping[str, Any]) -> str:
    """``scope`` as text (RFC 8693 section 4.2), or as the list that some servers send."""
    value = claims.get("scope", "")
    if isinstance(value, list):
        return " ".join(one for one in value if isinstance(one, str))
    return value if isinstance(value, str) else ""
