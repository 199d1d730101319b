"""Who a token says is calling."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.smart.caller import agent_of

ISSUER = "https://auth.example"


def person(name: str, client: str = "") -> Agent:
    return Agent(AgentKind.PERSON, name, ISSUER, client)


def client(name: str) -> Agent:
    return Agent(AgentKind.CLIENT, name, ISSUER)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"sub": "engine"}, client("engine")),
        ({"sub": "engine", "client_id": "engine"}, client("engine")),
        ({"client_id": "engine"}, client("engine")),
        ({"azp": "engine"}, client("engine")),
        ({"cid": "page", "sub": "u-9"}, person("u-9", "page")),
        ({"client_id": "engine", "azp": "other", "sub": "engine"}, client("engine")),
        ({"sub": "u-9", "client_id": "page"}, person("u-9", "page")),
        ({"sub": "u-9", "azp": "page", "fhirUser": "Practitioner/9"}, person("Practitioner/9", "page")),
        ({"fhirUser": "https://ehr.example/fhir/Practitioner/9"}, person("https://ehr.example/fhir/Practitioner/9")),
        ({"sub": "engine", "client_id": ["page"], "fhirUser": 7}, client("engine")),
        ({}, client("")),
    ],
    ids=["sub", "own", "client_id", "azp", "cid", "both", "user of a client", "fhirUser", "fhirUser alone", "not text", "nothing"],
)
def test_who_calls(claims: dict[str, Any], expected: Agent) -> None:
    assert agent_of({"iss": ISSUER, **claims}) == expected
