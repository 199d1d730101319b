"""An unprepared export, in samples of our own: superseded notes, conditional references, years from 1928 to 2023, no Coverage.

Each encounter ends with its reason why it is not coded, or with notes; none in a crash.
"""

from typing import Any

import pytest

from fhir_coder.ehr.intake import gather
from fhir_coder.errors import Uncodable
from fhir_coder.exchange import CodingRequest
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
