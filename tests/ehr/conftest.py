"""An EHR client whose waits are recorded instead of slept, and a sandbox EHR reached in process."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from fhir_coder.ehr.client import EhrClient
from fhir_coder.sandbox.app import create_sandbox_app
from fhir_coder.sandbox.installation import ORIGIN
from fhir_coder.sandbox.resource_store import ResourceStore
from fhir_coder.sandbox.seed import seed
from fhir_coder.sandbox.transport import WsgiAdapter
from fhir_coder.tenant_settings import EhrSettings

BASE = "https://ehr.example.org/fhir/R4"
TOKEN = "secret-token"


@dataclass
class FakeEhr:
    """``client`` calls BASE, ``http`` holds the canned answers and the calls, ``waits`` the seconds waited between attempts."""

    client: EhrClient
    http: responses.RequestsMock
    waits: list[float] = field(default_factory=list)

    def answers(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> None:
        """The next answer for a path below BASE (or a whole URL)."""
        url = path if path.startswith("http") else f"{BASE}/{path}"
        content = {"json": body} if isinstance(body, dict) else {"body": body or b""}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.http.add(method, url, status=status, headers=named, **content)


@pytest.fixture
def ehr() -> Iterator[FakeEhr]:
    waits: list[float] = []
    with responses.RequestsMock(assert_all_requests_are_fired=False) as http, requests.Session() as session:
        settings = EhrSettings("main", BASE, TOKEN, timeout_s=1, max_pages=3)
        yield FakeEhr(EhrClient(settings, session, sleep=waits.append), http, waits)


@dataclass
class SandboxEhr:
    """A seeded built-in EHR, its store, and a client of it."""

    store: ResourceStore
    client: EhrClient


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxEhr]:
    store = ResourceStore(tmp_path / "sandbox.sqlite")
    seed(store)
    with requests.Session() as session:
        session.mount(ORIGIN, WsgiAdapter(create_sandbox_app(store)))
        yield SandboxEhr(store, EhrClient(EhrSettings("sandbox", f"{ORIGIN}/sandbox/fhir"), session))


def document(text: str = "Assessment: hypertension.", **changes: Any) -> dict[str, Any]:
    """A DocumentReference with inline plain text."""
    attachment = {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}
    return {"resourceType": "DocumentReference", "id": "d1", "status": "current", "content": [{"attachment": attachment}]} | changes


def encounter(**changes: Any) -> dict[str, Any]:
    """A finished encounter of Patient/p1."""
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2026-05-01T23:30:00-07:00"},
    } | changes


def metadata(**parameters: str) -> dict[str, Any]:
    """A CapabilityStatement: search of each type by the parameters named (separated by blanks)."""
    interactions = [{"code": "read"}, {"code": "search-type"}]
    resources = [
        {"type": kind, "interaction": interactions, "searchParam": [{"name": name, "type": "token"} for name in names.split()]}
        for kind, names in parameters.items()
    ]
    for one in resources:
        if not one["searchParam"]:
            del one["searchParam"]
    return capability_statement(resources)


def searchset(*resources: dict[str, Any], next_url: str = "") -> dict[str, Any]:
    """One page of matches."""
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
    if resources:
        bundle["entry"] = [{"resource": one} for one in resources]
    if next_url:
        bundle["link"] = [{"relation": "next", "url": next_url}]
    return bundle


def patient(**changes: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1980-06-02", "name": [{"family": "Müller"}]} | changes


def capability_statement(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """The metadata of a server that offers these resource types."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "implementation": {"description": "test"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": resources}],
    }
