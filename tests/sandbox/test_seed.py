"""The synthetic encounters: valid, complete, of many kinds, planted once."""

import base64
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.exchange import CodingRequest, Resource
from fhir_coder.fhir.reader import read_json
from fhir_coder.fhir.writer import write_json
from fhir_coder.sandbox.assembly import EncounterSource
from fhir_coder.sandbox.installation import open_sandbox
from fhir_coder.sandbox.resource_store import ResourceStore
from fhir_coder.sandbox.seed import encounter_sources, seed, synthetic_resources
from fhir_coder.tenant_settings import EhrSettings

SOURCES = tuple(encounter_sources())
RESOURCES = synthetic_resources()


def of_type(kind: str) -> list[Resource]:
    return [one for one in RESOURCES if one["resourceType"] == kind]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: f"{one['resourceType']}-{one['id']}")
def test_resources_pass_the_strict_reader(resource: Resource) -> None:
    assert read_json(write_json(resource)) == resource


def test_references_resolve() -> None:
    text = b" ".join(write_json(one) for one in RESOURCES).decode()
    known = {f"{one['resourceType']}/{one['id']}" for one in RESOURCES}
    assert set(re.findall(r'"(?:reference|url)":"([A-Z]\w+/[^"]+)"', text)) <= known


def test_there_is_a_dozen_in_many_formats() -> None:
    assert len(SOURCES) >= 12 and len(of_type("Encounter")) == len(SOURCES)
    kinds = {one["content"][0]["attachment"]["contentType"].partition(";")[0] for one in of_type("DocumentReference")}
    assert kinds == {"text/plain", "text/html", "application/xhtml+xml", "application/xml", "text/xml"}
    assert {one["status"] for one in of_type("DocumentReference")} == {"current", "superseded"}
    assert {link["code"] for one in of_type("DocumentReference") for link in one.get("relatesTo", ())} == {"appends", "replaces"}
    assert len(of_type("Coverage")) == len(SOURCES) - 1 and len(of_type("Binary")) == 2


def test_visits_lie_in_the_dates_of_the_embedded_release() -> None:
    days = [date.fromisoformat(one["period"]["start"][:10]) for one in of_type("Encounter")]
    assert date(2026, 4, 1) <= min(days) and max(days) <= date(2026, 9, 30)


def test_services_carry_bare_codes() -> None:
    services = of_type("ChargeItem") + of_type("Procedure")
    assert services and all(set(coding) == {"system", "code"} for one in services for coding in one["code"]["coding"])
    assert not any("text" in one["code"] for one in services)


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.short["id"])
def test_an_encounter_is_gathered_whole(source: EncounterSource, shared_sandbox: EhrClient) -> None:
    intake = gather(CodingRequest("default", encounter_id=source.short["id"]), shared_sandbox)
    found = intake.encounter
    words = sum(len(note.text.split()) for note in found.notes)
    assert not any(note.id == f"{source.short['id']}-first" for note in found.notes)
    assert 250 <= words <= 650 and found.unreadable == () and found.conflicts == ()
    assert found.age is not None and found.provider and found.organization
    assert bool(found.coverage) is bool(source.short["coverage"])
    assert len(found.services) == len(source.short["services"])


@pytest.fixture(scope="module")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> EhrClient:
    sandbox = open_sandbox(tmp_path_factory.mktemp("data"))
    return EhrClient(EhrSettings("sandbox", sandbox.base_url), sandbox.session())


def test_planting_again_changes_nothing_and_keeps_what_was_written(store: ResourceStore) -> None:
    assert seed(store) == len(RESOURCES) and seed(store) == 0
    patient = store.read("Patient", "haldane")
    store.update(patient | {"active": False})
    assert seed(store) == 0 and store.read("Patient", "haldane")["active"] is False


def test_processes_that_open_it_at_once_agree(tmp_path: Path) -> None:
    start = "import sys, pathlib; from fhir_coder.sandbox.installation import open_sandbox; open_sandbox(pathlib.Path(sys.argv[1]))"
    processes = [subprocess.Popen([sys.executable, "-c", start, str(tmp_path)], stderr=subprocess.PIPE) for _ in range(3)]
    errors = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    store = ResourceStore(tmp_path / "sandbox.sqlite")
    assert store.search("Encounter", []).total == len(SOURCES)
    assert store.read("Patient", "haldane")["meta"]["versionId"] == "1"


def test_a_note_is_the_file_beside_its_encounter() -> None:
    note = next(one for one in of_type("DocumentReference") if one["id"] == "diabetes-ckd-note")
    assert b"Marguerite Haldane" in base64.b64decode(note["content"][0]["attachment"]["data"])
