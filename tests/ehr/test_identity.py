"""Whose visit it is."""

from typing import Any

import pytest

from fhir_coder.ehr.identity import demographic_conflicts, patient_address
from fhir_coder.errors import Uncodable
from tests.ehr.conftest import encounter, patient


@pytest.mark.parametrize(
    ("subject", "given", "address"),
    [
        ({"reference": "Patient/p1"}, patient(), "Patient/p1"),
        ({"reference": "https://ehr.example.org/fhir/R4/Patient/p1/_history/2"}, patient(), "Patient/p1"),
        ({"reference": "Patient/p1"}, None, "Patient/p1"),
        ({"reference": "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, patient(), "Patient/p1"),
        ({"identifier": {"value": "1"}}, patient(), "Patient/p1"),
        ({"reference": "Group/p1"}, None, ""),
        (None, None, ""),
    ],
)
def test_the_patient_of_a_visit(subject: dict[str, Any] | None, given: dict[str, Any] | None, address: str) -> None:
    assert patient_address(encounter(subject=subject), given) == address


def test_two_patients_are_refused() -> None:
    with pytest.raises(Uncodable):
        patient_address(encounter(), patient(id="p2"))


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 0),
        ({"name": [{"family": "MUELLER"}, {"family": "Muller"}]}, 0),
        ({"name": [{"family": "Schmidt"}]}, 1),
        ({"name": []}, 0),
        ({"gender": "male"}, 1),
        ({"gender": "unknown"}, 0),
        ({"birthDate": "1980"}, 0),
        ({"birthDate": "1981"}, 1),
        ({"birthDate": "1980-06-03", "gender": "male", "name": [{"family": "Schmidt"}]}, 3),
    ],
)
def test_demographic_conflicts_are_named_without_their_values(changes: dict[str, Any], count: int) -> None:
    conflicts = list(demographic_conflicts(patient(**changes), patient()))
    assert len(conflicts) == count
    assert not any(word in " ".join(conflicts) for word in ("Schmidt", "1980", "female"))
