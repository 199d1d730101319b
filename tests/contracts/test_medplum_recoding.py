"""Written by transaction to Medplum's FHIR server, coded again after the note changed: nothing doubled, what is dropped is retired, all valid."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from fhir_coder.ehr.client import EhrClient
from fhir_coder.settings import Settings
from fhir_coder.tenant_settings import EhrSettings
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.delivery import deliver
from tests.contracts.answers import addresses, code_of, named, proposed, statuses
from tests.contracts.peers import FhirServer, Resource, fhir_server, validation_errors
from tests.contracts.prepared_export import CROWDED, CROWDED_NOTE, crowded_visit
from tests.one_engine import create_app
from tests.writeback.practice import proposal_of

WRITTEN = ("Condition", "Claim", "Task", "Provenance")
PEOPLE = (
    {"resourceType": "Patient", "id": "4f7c6d1e-0000-4000-8000-000000000001", "gender": "female", "birthDate": "1960-01-01"},
    {"resourceType": "Practitioner", "id": "4f7c6d1e-0000-4000-8000-000000000002", "name": [{"family": "Example"}]},
)
PATIENT, PRACTITIONER = (f"{one['resourceType']}/{one['id']}" for one in PEOPLE)
COVERAGE = {
    "resourceType": "Coverage",
    "id": "4f7c6d1e-0000-4000-8000-000000000003",
    "status": "active",
    "beneficiary": {"reference": PATIENT},
    "payor": [{"display": "Example"}],
}
DROPPED = {"M10.9", "E55.9"}


def without(*lines: int) -> str:
    """The note of the crowded visit without some numbered problems."""
    return "".join(one for one in CROWDED_NOTE.splitlines(keepends=True) if not one.startswith(tuple(f"{number}. " for number in lines)))


@dataclass
class Visit:
    """The crowded visit at one EHR, and our server coding it."""

    ehr: FhirServer
    client: FlaskClient

    def write_note(self, text: str) -> None:
        """Replace the text of the note at the EHR."""
        (note,) = (one for one in crowded_visit(PATIENT, PRACTITIONER) if one["resourceType"] == "DocumentReference")
        note["content"][0]["attachment"]["data"] = base64.b64encode(text.encode()).decode()
        self.ehr.put([note])

    def code(self) -> Resource:
        """One call of the operation with write-back."""
        body = json.dumps({"resourceType": "Parameters", "parameter": [{"name": "writeBack", "valueBoolean": True}]})
        answer = self.client.post(f"/fhir/Encounter/{CROWDED}/$code-encounter", data=body, content_type="application/fhir+json")
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json(force=True))

    def held(self) -> Mapping[str, list[Resource]]:
        """Everything that the EHR holds of us."""
        return {kind: self.ehr.all_of(kind) for kind in WRITTEN}

    def condition(self, code: str) -> Resource:
        """The one Condition of a code."""
        (found,) = (one for one in self.ehr.all_of("Condition") if code_of(one) == code)
        return found

    def activities(self, condition: Resource) -> list[str]:
        """Activities of the Provenances of a Condition, sorted."""
        url = f"{self.ehr.base_url}/Provenance?target=Condition/{condition['id']}"
        found = requests.get(url, timeout=20).json()["entry"]
        return sorted(one["resource"]["activity"]["coding"][0]["code"] for one in found)

    def replace(self, resource: Resource) -> None:
        """Store a new version as a person at the EHR would."""
        self.ehr.put([resource])


def beyond(answer: Resource) -> list[Resource]:
    """Responses about resources of earlier codings."""
    entries = named(answer, "receipt")[0]["resource"]["entry"]
    return [one["response"] for one in entries[len(proposed(answer)) :]]


def verification(condition: Resource) -> str:
    return str(condition["verificationStatus"]["coding"][0]["code"])


@pytest.fixture(params=["transaction,conditional", "conditional", ""], ids=["transaction", "conditional", "plain"])
def visit(request: pytest.FixtureRequest, peers: Path, built: None, tmp_path: Path) -> Iterator[Visit]:
    """The visit at a new EHR, which advertises transactions, conditional creates, or neither."""
    options = [f"--advertise={request.param}"] if request.param else []
    with fhir_server(peers, *options) as ehr:
        ehr.put([*PEOPLE, COVERAGE, *crowded_visit(PATIENT, PRACTITIONER)])
        environment = {
            "FHIR_CODER_DATA": str(Settings.from_environment().data),
            "FHIR_CODER_DATABASE_URL": f"sqlite:///{tmp_path / 'store.sqlite'}",
            "FHIR_CODER_TENANTS": json.dumps([{"id": "default", "ehrs": [{"id": "peer", "base_url": ehr.base_url}]}]),
            "FHIR_CODER_LOG_LEVEL": "WARNING",
        }
        yield Visit(ehr, create_app(Settings.from_environment(environment, sandbox=True, builtin_ehr=False)).test_client())


def test_recoding(visit: Visit, peers: Path, tmp_path: Path) -> None:
    first = visit.code()
    assert set(statuses(first)) == {"201"}
    held_first = visit.held()
    again = visit.code()
    assert set(statuses(again)) == {"200"}
    assert (addresses(again), visit.held()) == (addresses(first), held_first)

    assert {code_of(one) for one in proposed(first, "Condition")} >= DROPPED
    visit.replace(visit.condition("E55.9") | {"verificationStatus": _status("confirmed")})
    visit.write_note(without(9, 12))
    changed = visit.code()
    assert verification(visit.condition("M10.9")) == "entered-in-error"
    assert "clinicalStatus" not in visit.condition("M10.9")
    assert verification(visit.condition("E55.9")) == "confirmed"
    assert sorted(one["status"] for one in beyond(changed)) == ["200 OK", "200 Retired", "201 Created"]
    assert visit.activities(visit.condition("M10.9")) == ["CREATE", "NULLIFY"]
    held = visit.held()
    assert [len(held[kind]) for kind in ("Condition", "Claim", "Task")] == [
        len(held_first[kind]) for kind in ("Condition", "Claim", "Task")
    ]
    claimed = [one["diagnosisCodeableConcept"]["coding"][0]["code"] for one in held["Claim"][0]["diagnosis"]]
    assert claimed == [code_of(one) for one in proposed(changed, "Condition")][:12]
    assert visit.code() and visit.held() == held

    visit.write_note(CROWDED_NOTE)
    returned = visit.code()
    assert verification(visit.condition("M10.9")) == "unconfirmed"
    assert len(visit.held()["Condition"]) == len(held["Condition"])
    answers = [first, again, changed, returned]
    emitted = [part for one in answers for part in (one, *proposed(one))] + [
        one for state in (held, visit.held()) for kind in WRITTEN for one in state[kind]
    ]
    assert validation_errors(peers, _files(emitted, tmp_path)) == []


def test_a_transaction_is_one_request_and_its_answer_is_read(peers: Path) -> None:
    with fhir_server(peers, "--advertise=transaction,conditional") as ehr, requests.Session() as session:
        sent: list[str] = []
        session.hooks["response"].append(lambda answer, **_: sent.append(f"{answer.request.method} {answer.request.path_url}"))
        client = EhrClient(EhrSettings("peer", ehr.base_url), session)
        bundle = build_bundle(proposal_of(("I10", "E11.9")))
        receipts = [deliver(bundle, client) for _ in range(2)]
        assert [one["response"]["status"][:3] for one in receipts[0]["entry"]] == ["201"] * 6
        assert [one["response"]["status"][:3] for one in receipts[1]["entry"]] == ["200"] * 6
        assert [one for one in sent if one.startswith(("POST", "PUT"))] == ["POST /fhir/R4"]
        assert [len(ehr.all_of(kind)) for kind in WRITTEN] == [2, 1, 1, 2]


def _status(code: str) -> Resource:
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": code}]}


def _files(resources: list[Any], folder: Path) -> list[Path]:
    """Each resource in a file of its own."""
    files = [folder / f"{number:04d}-{one['resourceType']}.json" for number, one in enumerate(resources)]
    for path, one in zip(files, resources, strict=True):
        path.write_text(json.dumps(one), encoding="utf-8")
    return files
