"""What is written can be read back, in both formats, for resources made at random from the element table."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_coder.fhir.elements import RESOURCE, XHTML, Element, r4_elements
from fhir_coder.fhir.json_text import parse_json
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir.structure import check_resource
from fhir_coder.fhir.writer import write_json, write_xml
from fhir_coder.fhir.xml_tree import parse_xml

TABLE = r4_elements()
LIMITS = Limits(max_depth=64)
TYPES = (
    "Patient",
    "Encounter",
    "Condition",
    "Claim",
    "DocumentReference",
    "Parameters",
    "Bundle",
    "OperationOutcome",
    "Provenance",
    "Task",
)

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\t\n\r", exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=12,
)
WORD = st.text("abcXYZ019:/._-é", min_size=1, max_size=12)
DAY = st.dates().map(lambda day: f"{day.year:04}-{day.month:02}-{day.day:02}")
MOMENT = st.builds(
    lambda day, clock, zone: f"{day}T{clock}{zone}", DAY, st.sampled_from(["00:00:00", "23:59:59.120"]), st.sampled_from(["Z", "-05:00"])
)
PRIMITIVE = {
    "base64Binary": st.binary(min_size=1, max_size=9).map(lambda raw: base64.b64encode(raw).decode()),
    "boolean": st.booleans(),
    "date": DAY,
    "dateTime": MOMENT | DAY | st.just("2026-04"),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12),
    "id": st.text("aZ09-.", min_size=1, max_size=64),
    "instant": MOMENT,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "oid": st.just("urn:oid:1.2.3"),
    "positiveInt": st.integers(1, 2**31 - 1),
    "time": st.just("10:11:12"),
    "unsignedInt": st.integers(0, 2**31 - 1),
    "uuid": st.uuids().map(lambda one: one.urn),
    "string": TEXT,
    "markdown": TEXT,
}


@st.composite
def resources(draw, name: str = "", depth: int = 0) -> dict[str, Any]:
    name = name or draw(st.sampled_from(TYPES))
    return {"resourceType": name, **draw(objects(name, depth))}


@st.composite
def objects(draw, type_name: str, depth: int) -> dict[str, Any]:
    elements = TABLE.types[type_name].elements
    required = [draw(st.sampled_from(names)) for names in TABLE.types[type_name].required]
    optional = [] if depth > 2 else draw(st.lists(st.sampled_from(sorted(elements)), max_size=3))
    if not required and not optional:
        optional = ["id"]
    value: dict[str, Any] = {}
    groups: set[str] = set()
    for name in [*required, *optional]:
        element = elements[name]
        if name in value or (element.group and element.group in groups):
            continue
        groups.add(element.group)
        value.update(draw(properties(element, depth)))
    return value


@st.composite
def properties(draw, element: Element, depth: int) -> dict[str, Any]:
    count = draw(st.integers(1, 2)) if element.repeats else 1
    values = [draw(values_of(element, depth)) for _ in range(count)]
    value: dict[str, Any] = {element.name: values if element.repeats else values[0]}
    if element.is_primitive and not element.is_attribute and element.name != "id" and draw(st.integers(0, 4)) == 0:
        siblings = [{"id": f"s{index}"} for index in range(count)]
        value[f"_{element.name}"] = siblings if element.repeats else siblings[0]
    return value


def values_of(element: Element, depth: int) -> st.SearchStrategy[Any]:
    if element.codes:
        return st.sampled_from(sorted(element.codes))
    if element.type == XHTML:
        return st.just('<div xmlns="http://www.w3.org/1999/xhtml"><p>a &amp; b</p></div>')
    if element.type == RESOURCE:
        return resources("Basic" if depth > 1 else "", depth + 2)
    if element.is_primitive:
        return PRIMITIVE.get(element.type, WORD)
    return objects(element.type, depth + 1)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(resources())
def test_json_and_xml_carry_the_same(resource: dict[str, Any]):
    check_resource(resource, TABLE)
    from_json = parse_json(write_json(resource), LIMITS)
    from_xml = parse_xml(write_xml(resource), LIMITS, TABLE)
    assert from_json == resource
    assert from_xml == resource
    check_resource(from_xml, TABLE)


def test_xml_is_in_the_order_of_the_definition():
    shuffled = {"resourceType": "Patient", "gender": "male", "id": "a", "active": True}
    assert write_xml(shuffled).endswith(
        b'<Patient xmlns="http://hl7.org/fhir"><id value="a"/><active value="true"/><gender value="male"/></Patient>'
    )


def test_xml_refuses_what_r4_does_not_have():
    with pytest.raises(ValueError, match="1 properties"):
        write_xml({"resourceType": "Patient", "surname": "x"})


def test_xml_replaces_what_it_cannot_carry():
    assert "a\ufffdb".encode() in write_xml({"resourceType": "Patient", "name": [{"family": "a\x0cb"}]})


NUMBERS = [
    ("120.10", "120.10"),
    ("0.0000001", "0.0000001"),
    ("1E+2", "1E+2"),
    ("-0.50", "-0.50"),
    ("0.9000", "0.9000"),
    ("1e-7", "0.0000001"),
]


@pytest.mark.parametrize(("number", "written"), NUMBERS)
def test_decimals_stay_what_they_were(number: str, written: str):
    resource = {"resourceType": "Basic", "x": Decimal(number)}
    assert write_json(resource) == f'{{"resourceType":"Basic","x":{written}}}'.encode()


EXACT = (
    b'{"resourceType":"Condition","extension":[{"url":"http://x.org/a","valueDecimal":1.10},{"url":"http://x.org/b","valueDecimal":1.1},'
    b'{"url":"http://x.org/c","valueDecimal":0.9000},{"url":"http://x.org/d","valueDecimal":100000000000000000000.10}],'
    b'"subject":{"display":"x"},"onsetDateTime":"2026-05-04T09:00:00.120-05:00","recordedDate":"2026-05",'
    b'"note":[{"_time":{"extension":[{"url":"http://x.org/e","valueString":"s"}]},"time":"2026-05-04T09:00:00+05:45","text":"t"}]}'
)
"""Equal numbers and equal moments are not enough: the very digits and zones."""


def test_digits_and_zones_come_through_both_formats():
    read = parse_json(EXACT, LIMITS)
    assert write_json(read) == EXACT
    from_xml = parse_xml(write_xml(read), LIMITS, TABLE)
    numbers = [str(one["valueDecimal"]) for one in from_xml["extension"]]
    assert numbers == ["1.10", "1.1", "0.9000", "100000000000000000000.10"]
    assert from_xml == read


def test_floats_and_other_json_values():
    assert (
        write_json({"a": 0.1, "b": None, "c": [], "d": {}, "e": True, "f": 3, "g": 'q"\n'})
        == b'{"a":0.1,"b":null,"c":[],"d":{},"e":true,"f":3,"g":"q\\"\\n"}'
    )
    with pytest.raises(ValueError, match="finite"):
        write_json({"a": float("nan")})
