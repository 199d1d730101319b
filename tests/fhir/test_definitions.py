"""The element table is R4's: whole, and right where it is easily wrong."""

import pytest

from fhir_coder.errors import InvalidContent
from fhir_coder.fhir.elements import r4_elements
from fhir_coder.fhir.primitives import PRIMITIVES, decode_base64
from fhir_coder.fhir.resource_model import as_model

TABLE = r4_elements()


def test_covers_every_resource_of_r4():
    assert (TABLE.version, len(TABLE.resources)) == ("4.0.1", 146)
    assert {"Encounter", "Claim", "Parameters", "MedicinalProduct", "VisionPrescription"} <= TABLE.resources
    assert not {"DomainResource", "Resource", "SubscriptionStatus", "Citation"} & TABLE.resources


def test_every_type_named_is_defined():
    named = {element.type for definition in TABLE.types.values() for element in definition.elements.values()}
    assert named - set(TABLE.types) - set(PRIMITIVES) <= {"xhtml"}


ELEMENTS = [
    ("Encounter", "status", "code", False, True),
    ("Encounter", "statusHistory", "Encounter.statusHistory", True, False),
    ("Parameters.parameter", "part", "Parameters.parameter", True, False),
    ("Bundle.entry.response", "outcome", "Resource", False, False),
    ("Claim.diagnosis", "diagnosisCodeableConcept", "CodeableConcept", False, True),
    ("Patient", "id", "id", False, False),
    ("HumanName", "id", "string", False, False),
    ("Extension", "url", "uri", False, True),
    ("Binary", "data", "base64Binary", False, False),
]


@pytest.mark.parametrize(("owner", "name", "kind", "repeats", "required"), ELEMENTS)
def test_elements(owner: str, name: str, kind: str, repeats: bool, required: bool):
    element = TABLE.types[owner].elements[name]
    assert (element.type, element.repeats, element.is_required) == (kind, repeats, required)


CODES = [
    ("Encounter", "status", "finished"),
    ("Claim", "status", "draft"),
    ("Bundle", "type", "batch-response"),
    ("Task", "intent", "order"),
]


@pytest.mark.parametrize(("owner", "name", "code"), CODES)
def test_required_bindings_are_enumerated(owner: str, name: str, code: str):
    codes = TABLE.types[owner].elements[name].codes
    assert codes is not None
    assert code in codes
    assert "bogus" not in codes


def test_open_value_sets_stay_open():
    assert TABLE.types["Attachment"].elements["contentType"].codes is None
    assert TABLE.types["Money"].elements["currency"].codes is None


def test_decode_base64():
    assert decode_base64("aGVs\nbG8=") == b"hello"
    with pytest.raises(ValueError, match="not base64"):
        decode_base64("aGVsbG8")


def test_models():
    assert as_model({"resourceType": "Patient", "id": "a"}).id == "a"


@pytest.mark.parametrize(
    ("resource", "expression"),
    [
        ({"resourceType": "Nothing"}, ()),
        ({}, ()),
        ({"resourceType": "Patient", "contained": [{"resourceType": "XYZZY"}]}, ()),
        ({"resourceType": "Claim", "status": "draft"}, None),
        ({"resourceType": "Patient", "name": "XYZZY"}, ("Patient.name",)),
    ],
)
def test_any_failure_of_the_model_is_invalid_content(resource: dict, expression: tuple[str, ...] | None):
    with pytest.raises(InvalidContent) as caught:
        as_model(resource)
    assert expression is None or caught.value.expression == expression
    assert "XYZZY" not in str(caught.value)
