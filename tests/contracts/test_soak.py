"""``make soak``: two hundred encounters of the prepared export twice, and the whole export as it came, against Medplum's FHIR server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fhir_coder.settings import Settings
from tests.contracts.answers import addresses, claim_faults, misquoted, named, proposed, statuses
from tests.contracts.calls import WRITTEN, code_encounter, held
from tests.contracts.peers import FhirServer, Resource, fhir_server, validation_errors
from tests.contracts.prepared_export import prepare, read_rows
from tests.contracts.validity import inside, schema_faults, written
from tests.one_engine import create_app

pytestmark = pytest.mark.soak

ENCOUNTERS = 200
AT_ONCE = 500
RAW = "synthea-r4-10-patients"
RAW_TYPES = ("Organization", "Practitioner", "Patient", "Encounter", "DocumentReference", "Condition", "Procedure")


@dataclass(frozen=True)
class Run:
    """The answers of both calls of every encounter, and what the EHR held after each round."""

    first: list[Resource]
    second: list[Resource]
    held_first: dict[str, list[Resource]]
    held_second: dict[str, list[Resource]]


@pytest.fixture(scope="module")
def many(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    return prepare(shared / "fhir" / "prepare.py", tmp_path_factory.mktemp("export-200"), ENCOUNTERS)


@pytest.fixture(scope="module", params=["", "--advertise=transaction,conditional"], ids=["plain", "transacting"])
def ehr(request, peers: Path, many: list[Resource]) -> Iterator[FhirServer]:
    with fhir_server(peers, *filter(None, [request.param])) as server:
        server.put(many)
        yield server


def coder_for(ehr: FhirServer, folder: Path) -> FlaskClient:
    """Our application with that server as its EHR."""
    tenants = json.dumps([{"id": "default", "ehrs": [{"id": "peer", "base_url": ehr.base_url}]}])
    environment = {
        "FHIR_CODER_DATA": str(Settings.from_environment().data),
        "FHIR_CODER_DATABASE_URL": f"sqlite:///{folder / 'store.sqlite'}",
        "FHIR_CODER_TENANTS": tenants,
        "FHIR_CODER_LOG_LEVEL": "WARNING",
        "FHIR_CODER_RATE_LIMIT": "",
    }
    return create_app(Settings.from_environment(environment, sandbox=True, builtin_ehr=False)).test_client()


@pytest.fixture(scope="module")
def run(ehr: FhirServer, many: list[Resource], built: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    client = coder_for(ehr, tmp_path_factory.mktemp("soak"))
    ids = [one["id"] for one in many if one["resourceType"] == "Encounter"]
    assert len(ids) == ENCOUNTERS
    first, held_first = _code_all(client, ids), held(ehr)
    second, held_second = _code_all(client, ids), held(ehr)
    return Run(first, second, held_first, held_second)


def _code_all(client: FlaskClient, ids: list[str]) -> list[Resource]:
    answers = [code_encounter(client, one) for one in ids]
    assert Counter(status for status, _ in answers) == {200: len(ids)}
    return [body for _, body in answers]


def test_two_hundred_encounters_are_written_once(run: Run) -> None:
    assert {status for answer in run.first for status in statuses(answer)} == {"201"}
    assert {status for answer in run.second for status in statuses(answer)} == {"200"}
    assert [addresses(answer) for answer in run.second] == [addresses(answer) for answer in run.first]
    assert run.held_second == run.held_first
    assert sum(map(len, run.held_first.values())) == sum(len(proposed(answer)) for answer in run.first)


def test_claims_and_quotations_hold(run: Run) -> None:
    assert [fault for answer in run.first for claim in proposed(answer, "Claim") for fault in claim_faults(claim)] == []
    assert [fault for answer in run.first for fault in misquoted(answer)] == []


def test_everything_is_valid_by_three_validators(run: Run, peers: Path, tmp_path: Path) -> None:
    emitted = [*run.first, *(part for one in run.first for part in inside(one)), *(one for kind in WRITTEN for one in run.held_first[kind])]
    files = written(emitted, tmp_path)
    errors = [line for start in range(0, len(files), AT_ONCE) for line in validation_errors(peers, files[start : start + AT_ONCE])]
    assert errors == []
    assert [fault for one in emitted for fault in schema_faults(peers, one)] == []
    print(f"\n{len(emitted)} resources valid by Medplum, Lantana and the R4 JSON schema")


def test_conditions_conform_to_us_core(run: Run, peers: Path, shared: Path, tmp_path: Path) -> None:
    profile = shared / "fhir" / "us-core-6.1.0" / "StructureDefinition-us-core-condition-encounter-diagnosis.json"
    files = written(run.held_first["Condition"], tmp_path)
    assert [
        line for start in range(0, len(files), AT_ONCE) for line in validation_errors(peers, files[start : start + AT_ONCE], profile)
    ] == []


def test_the_export_as_it_came_never_crashes(peers: Path, shared: Path, built: None, tmp_path: Path) -> None:
    """Every encounter ends without codes for a stated reason, or with codes under a finding that its release is not loaded."""
    rows = {kind: read_rows(shared / "fhir" / RAW / f"{kind}.000.ndjson") for kind in RAW_TYPES}
    with fhir_server(peers) as server:
        server.put(one for kind in RAW_TYPES for one in rows[kind])
        client = coder_for(server, tmp_path)
        endings = Counter(_ending(*code_encounter(client, one["id"])) for one in rows["Encounter"])
    print(f"\n{dict(endings)}")
    assert sum(endings.values()) == len(rows["Encounter"])
    assert set(endings) <= {"no codable note", "inpatient", "release not loaded"}
    assert endings["no codable note"] > 1000
    assert endings["release not loaded"] > 0


def _ending(status: int, body: Resource) -> str:
    if status == 422:
        (issue,) = body["issue"]
        sentence = issue["details"]["text"]
        return "inpatient" if "inpatient" in sentence else "no codable note" if "note" in sentence else sentence
    assert status == 200, body
    edits = {
        coding["code"] for issue in named(body, "issues")[0]["resource"]["issue"] for coding in issue.get("details", {}).get("coding", ())
    }
    return "release not loaded" if edits & {"FCE-103", "FCE-104"} else f"coded: {sorted(edits)}"
