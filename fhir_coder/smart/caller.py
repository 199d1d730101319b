"""Who a verified token says is calling, for the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.smart.claims import CLIENT_CLAIMS


def agent_of(claims: Mapping[str, Any]) -> Agent:
    """The person that ``fhirUser`` names, with the program they used; else the program: its client id, or the subject of its token.

    A subject that is not the client's own id is a person too (RFC 9068 section 5), though one without a FHIR resource."""
    issuer, subject, user = (_text(claims, name) for name in ("iss", "sub", "fhirUser"))
    client = next((value for name in CLIENT_CLAIMS if (value := _text(claims, name))), "")
    if user or (client and subject and subject != client):
        return Agent(AgentKind.PERSON, user or subject, issuer, client)
    return Agent(AgentKind.CLIENT, client or subject, issuer)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name, "")
    return value if isinstance(value, str) else ""
