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
from fhir_coder.smart.bearer import refuse
from fhir_coder.smart.scopes import Scope, covers, parse_scopes, withheld_writes

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Grant:
    """Scopes that count; ids of the only patient and encounter, or empty; the client that the token was made for, or its subject, or empty."""

    scopes: tuple[Scope, ...]
    patient: str = ""
    encounter: str = ""
    client: str = ""


def read_grant(claims: Mapping[str, Any]) -> Grant:
    """The grant in the claims of a verified token. Raises Unauthenticated for a context that is no id."""
    patient, encounter = _id(claims, "patient"), _id(claims, "encounter")
    scopes = parse_scopes(_scope_text(claims))
    return Grant(tuple(one for one in scopes if patient or one.level != "patient"), patient, encounter, _client(claims))


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


_CLIENT_CLAIMS = ("client_id", "azp", "cid", "sub")
"""By RFC 9068 section 2.2, OpenID Connect Core section 2, and one vendor (Okta); at last whom the token is about."""


def _client(claims: Mapping[str, Any]) -> str:
    return next((claims[name] for name in _CLIENT_CLAIMS if isinstance(claims.get(name), str) and claims[name]), "")


def _id(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        refuse(f"the token's {name} is no id")
    return value


def _scope_text(claims: Mapping[str, Any]) -> str:
    """``scope`` as text (RFC 8693 section 4.2), or as the list that some servers send."""
    value = claims.get("scope", "")
    if isinstance(value, list):
        return " ".join(one for one in value if isinstance(one, str))
    return value if isinstance(value, str) else ""
