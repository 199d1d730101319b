"""An unprepared export, in samples of our own: superseded notes, conditional references, years from 1928 to 2023, no Coverage.

Each encounter ends with its reason why it is not coded, or with notes; none in a crash.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.errors import Uncodable
from fhir_coder.exchange import CodingRequest
from fhir_coder.sandbox.app import create_sandbox_app
from fhir_coder.sandbox.installation import ORIGIN
from fhir_coder.sandbox.resource_store import ResourceStore
from fhir_coder.sandbox.transport import WsgiAdapter
from fhir_coder.tenant_settings import EhrSettings
from tests.ehr.conftest import FakeEhr, document, encounter, metadata, patient, searchset

NPI = "http://hl7.org/fhir/sid/us-npi"
PRACTITIONER = {"reference": f"Practitioner?identifier={NPI}|9999000001", "display": "Dr. A"}
ORGANIZATION = {"reference": "Organization?identifier=urn:sites|77", "display": "A hospital"}
SECTIONS = "1961-03-02\n\n# Chief Complaint\n- Cough\n\n# Assessment and Plan\nAcute bronchitis.\n"


def exported_encounter(code: str = "AMB", year: int = 1961) -> dict[str, Any]:
    return encounter(
        **{
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code},
            "participant": [{"individual": PRACTITIONER}],
            "serviceProvider": ORGANIZATION,
            "location": [{"location": {"reference": "Location?identifier=urn:sites|9"}}],
            "period": {"start": f"{year}-03-02T02:25:16-05:00", "end": f"{year}-03-02T02:40:16-05:00"},
        }
    )


def exported_note(year: int = 1961, **changes: Any) -> dict[str, Any]:
    context = {"encounter": [{"reference": "Encounter/e1"}], "period": {"start": f"{year}-03-02T02:25:16-05:00"}}
    links = {"author": [PRACTITIONER], "custodian": ORGANIZATION, "date": f"{year}-03-02T02:25:16.824-05:00", "context": context}
    return document(SECTIONS, status="superseded", subject={"reference": "Patient/p1"}, **links) | changes


def holding(ehr: FakeEhr, visit: dict[str, Any], *notes: dict[str, Any]) -> CodingRequest:
    searches = dict.fromkeys(("DocumentReference", "DiagnosticReport", "Procedure"), "patient encounter")
    ehr.answers("GET", "metadata", metadata(Patient="", Encounter="", Coverage="patient", **searches))
    ehr.answers("GET", "Encounter/e1", visit)
    ehr.answers("GET", "Patient/p1", patient(birthDate="1928-01-05", deceasedDateTime="2023-02-01T00:00:00-05:00"))
    ehr.answers("GET", "DocumentReference", searchset(*notes))
    for kind in ("DiagnosticReport", "Procedure", "Coverage"):
        ehr.answers("GET", kind, searchset())
    return CodingRequest("default", encounter_id="e1")


@pytest.mark.parametrize("year", [1928, 1961, 1999, 2023])
def test_superseded_notes_are_no_notes(ehr: FakeEhr, year: int) -> None:
    with pytest.raises(Uncodable, match="no current note"):
        gather(holding(ehr, exported_encounter(year=year), exported_note(year)), ehr.client)


def test_an_encounter_without_documents_has_no_note(ehr: FakeEhr) -> None:
    with pytest.raises(Uncodable, match="no current note"):
        gather(holding(ehr, exported_encounter()), ehr.client)


def test_an_inpatient_stay_is_refused_before_its_notes_are_asked_for(ehr: FakeEhr) -> None:
    with pytest.raises(Uncodable, match="inpatient"):
        gather(holding(ehr, exported_encounter("IMP"), exported_note()), ehr.client)
    assert not any("DocumentReference" in (call.request.url or "") for call in ehr.http.calls)


@pytest.mark.parametrize("code", ["AMB", "EMER", "HH", "VR"])
def test_a_current_note_is_read_and_conditional_references_name_nobody(ehr: FakeEhr, code: str) -> None:
    found = gather(holding(ehr, exported_encounter(code), exported_note(status="current")), ehr.client).encounter
    assert "Acute bronchitis." in found.notes[0].text
    assert (found.provider, found.organization, found.coverage, found.services) == ("", "", "", ())
    assert found.service_date is not None and found.age == 33


EVERY = 12
"""One encounter of so many is gathered: a hundred or so, from all ten patients."""


@pytest.fixture(scope="module")
def raw_export(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EhrClient, list[dict[str, Any]]]]:
    """The export as it came in an EHR, and its encounters."""
    folder = shared / "fhir" / "synthea-r4-10-patients"
    kinds = ("Patient", "Practitioner", "Organization", "Encounter", "DocumentReference")
    lines = [line for kind in kinds for line in (folder / f"{kind}.000.ndjson").read_text(encoding="utf-8").splitlines()]
    resources = [json.loads(line) for line in lines]
    store = ResourceStore(tmp_path_factory.mktemp("raw") / "ehr.sqlite")
    store.plant([(one, "raw") for one in resources])
    with requests.Session() as session:
        session.mount(ORIGIN, WsgiAdapter(create_sandbox_app(store)))
        client = EhrClient(EhrSettings("raw", f"{ORIGIN}/sandbox/fhir"), session)
        yield client, [one for one in resources if one["resourceType"] == "Encounter"][::EVERY]


def test_every_encounter_of_a_raw_export_ends_with_a_reason_or_its_note(raw_export: tuple[EhrClient, list[dict[str, Any]]]) -> None:
    client, encounters = raw_export
    reasons: dict[str, int] = {}
    for one in encounters:
        try:
            found = gather(CodingRequest("default", encounter_id=one["id"]), client).encounter
            reason = f"{len(found.notes)} notes, {len(found.unreadable)} unread"
        except Uncodable as error:
            reason = error.message.partition(":")[0]
        reasons[reason] = reasons.get(reason, 0) + 1
    assert set(reasons) <= {"the encounter has no current note", "the Encounter is an inpatient stay", "1 notes, 0 unread"}
    assert sum(reasons.values()) == len(encounters) > 90
