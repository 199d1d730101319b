"""What fhir.resources alone lets through, the strict reader refuses, with the place and without the value."""

import json
from decimal import Decimal

import pytest

from fhir_coder.errors import BodyTooLarge, FhirCoderError, InvalidContent, UnreadableBody
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir.reader import read_json

PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1960-02-29", "gender": "female"}
ENCOUNTER = {
    "resourceType": "Encounter",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
}
NOTE = {
    "resourceType": "DocumentReference",
    "status": "current",
    "content": [{"attachment": {"contentType": "text/plain", "data": "aGVsbG8="}}],
}


def patient(**elements):
    return json.dumps(PATIENT | elements).encode()


def encounter(**elements):
    return json.dumps(ENCOUNTER | elements).encode()


def note(data):
    return json.dumps(NOTE | {"content": [{"attachment": {"data": data}}]}).encode()


REFUSED = {
    "empty": (b"", UnreadableBody, ()),
    "not json": (b"hello", UnreadableBody, ()),
    "truncated": (b'{"resourceType":"Patient"', UnreadableBody, ()),
    "unterminated string": (b'{"resourceType":"Pat\\', UnreadableBody, ()),
    "not utf-8": (b'{"resourceType":"Patient","id":"\xff"}', UnreadableBody, ()),
    "utf-16": ('{"resourceType":"Patient"}'.encode("utf-16"), UnreadableBody, ()),
    "nan": (b'{"resourceType":"Patient","x":NaN}', UnreadableBody, ()),
    "infinity": (b'{"resourceType":"Patient","x":-Infinity}', UnreadableBody, ()),
    "duplicate key": (b'{"resourceType":"Patient","id":"a","id":"b"}', UnreadableBody, ()),
    "not an object": (b'["Patient"]', UnreadableBody, ()),
    "nesting bomb": (b"[" * 100_000, UnreadableBody, ()),
    "object bomb": (b'{"a":' * 100_000, UnreadableBody, ()),
    "extension bomb": (b'{"resourceType":"Patient","extension":[' + b'{"url":"u","extension":[' * 200, UnreadableBody, ()),
    "no resourceType": (b'{"id":"a"}', UnreadableBody, ()),
    "resourceType not a string": (b'{"resourceType":1}', UnreadableBody, ()),
    "unknown resourceType": (b'{"resourceType":"Pation"}', InvalidContent, ()),
    "abstract resourceType": (b'{"resourceType":"DomainResource"}', InvalidContent, ()),
    "null": (patient(gender=None), UnreadableBody, ("Patient.gender",)),
    "null in array": (patient(name=[None]), UnreadableBody, ("Patient.name[0]",)),
    "null in primitive array": (patient(name=[{"given": ["A", None]}]), UnreadableBody, ("Patient.name[0].given[1]",)),
    "empty array": (patient(name=[]), UnreadableBody, ("Patient.name",)),
    "empty object": (patient(name=[{}]), UnreadableBody, ("Patient.name[0]",)),
    "empty string": (patient(name=[{"family": ""}]), InvalidContent, ("Patient.name[0].family",)),
    "element of another type": (patient(onsetAge={"value": 1}), UnreadableBody, ("Patient.onsetAge",)),
    "unknown element": (patient(surname="x"), UnreadableBody, ("Patient",)),
    "unknown element with odd name": (patient(**{"John Smith 1950": "x"}), UnreadableBody, ("Patient",)),
    "object for array": (patient(name={"family": "A"}), UnreadableBody, ("Patient.name",)),
    "array for object": (encounter(period=[{"start": "2026"}]), UnreadableBody, ("Encounter.period",)),
    "string for boolean": (patient(active="true"), UnreadableBody, ("Patient.active",)),
    "string for integer": (patient(multipleBirthInteger="1"), UnreadableBody, ("Patient.multipleBirth",)),
    "decimal for integer": (patient(multipleBirthInteger=1.0), UnreadableBody, ("Patient.multipleBirth",)),
    "boolean for integer": (patient(multipleBirthInteger=True), UnreadableBody, ("Patient.multipleBirth",)),
    "integer out of range": (patient(multipleBirthInteger=2**31), InvalidContent, ("Patient.multipleBirth",)),
    "two choices": (patient(deceasedBoolean=True, deceasedDateTime="2026"), InvalidContent, ("Patient.deceased",)),
    "enum": (patient(gender="femail"), InvalidContent, ("Patient.gender",)),
    "enum of encounter": (encounter(status="done"), InvalidContent, ("Encounter.status",)),
    "missing required complex": (
        json.dumps({"resourceType": "Encounter", "status": "finished"}).encode(),
        InvalidContent,
        ("Encounter.class",),
    ),
    "missing required primitive": (b'{"resourceType":"Encounter","class":{"code":"AMB"}}', InvalidContent, ("Encounter.status",)),
    "id too long": (patient(id="a" * 65), InvalidContent, ("Patient.id",)),
    "id with underscore": (patient(id="a_b"), InvalidContent, ("Patient.id",)),
    "sibling of id": (patient(_id={"id": "x"}), UnreadableBody, ("Patient._id",)),
    "sibling of complex": (patient(_name=[{"id": "x"}]), UnreadableBody, ("Patient._name",)),
    "sibling empty": (patient(_gender={}), UnreadableBody, ("Patient.gender",)),
    "sibling array length": (
        patient(name=[{"given": ["A", "B"], "_given": [{"id": "x"}]}]),
        UnreadableBody,
        ("Patient.name[0].given",),
    ),
    "nulls in both arrays": (
        patient(name=[{"given": ["A", None], "_given": [{"id": "x"}, None]}]),
        UnreadableBody,
        ("Patient.name[0].given[1]",),
    ),
    "sibling array of nulls": (patient(name=[{"_given": [None]}]), UnreadableBody, ("Patient.name[0].given[0]",)),
    "null beside a sibling that is one": (
        patient(birthDate=None, _birthDate={"id": "x"}),
        UnreadableBody,
        ("Patient.birthDate",),
    ),
    "extension without url": (patient(extension=[{"valueString": "x"}]), InvalidContent, ("Patient.extension[0].url",)),
    "resource in an extension": (
        patient(extension=[{"url": "http://x.org", "resource": {"resourceType": "Patient"}}]),
        UnreadableBody,
        ("Patient.extension[0].resource",),
    ),
    "empty contained": (patient(contained=[]), UnreadableBody, ("Patient.contained",)),
    "contained without type": (patient(contained=[{"id": "o"}]), UnreadableBody, ("Patient.contained[0]",)),
    "positiveInt of 0": (
        encounter(diagnosis=[{"condition": {"display": "x"}, "rank": 0}]),
        InvalidContent,
        ("Encounter.diagnosis[0].rank",),
    ),
    "string for decimal": (
        b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":"1.10"}}',
        UnreadableBody,
        ("Observation.value.value",),
    ),
    "number with a leading zero": (b'{"resourceType":"Patient","multipleBirthInteger":01}', UnreadableBody, ()),
    "two bodies": (patient() + b"{}", UnreadableBody, ()),
    "comment": (b"{/* x */" + patient()[1:], UnreadableBody, ()),
    "enum in other letters": (encounter(status="Finished"), InvalidContent, ("Encounter.status",)),
    "zone that there is not": (encounter(period={"start": "2026-04-01T10:00:00+25:00"}), InvalidContent, ("Encounter.period.start",)),
    "blank for the T": (encounter(period={"start": "2026-04-01 10:00:00Z"}), InvalidContent, ("Encounter.period.start",)),
    "no zone": (encounter(period={"start": "2026-04-01T10:00:00"}), InvalidContent, ("Encounter.period.start",)),
    "no seconds": (encounter(period={"start": "2026-04-01T10:00Z"}), InvalidContent, ("Encounter.period.start",)),
    "hour 24": (encounter(period={"start": "2026-04-01T24:00:00Z"}), InvalidContent, ("Encounter.period.start",)),
    "no such day": (patient(birthDate="2026-02-30"), InvalidContent, ("Patient.birthDate",)),
    "time in a date": (patient(birthDate="2026-02-03T00:00:00Z"), InvalidContent, ("Patient.birthDate",)),
    "instant without time": (patient(meta={"lastUpdated": "2026-02-03"}), InvalidContent, ("Patient.meta.lastUpdated",)),
    "base64 alphabet": (note("!!!!"), InvalidContent, ("DocumentReference.content[0].attachment.data",)),
    "base64 padding": (note("aGVsbG8"), InvalidContent, ("DocumentReference.content[0].attachment.data",)),
    "base64 padding inside": (note("aG==bG8="), InvalidContent, ("DocumentReference.content[0].attachment.data",)),
    "base64 url alphabet": (note("aGVs-_8="), InvalidContent, ("DocumentReference.content[0].attachment.data",)),
    "base64 blank": (note(" "), InvalidContent, ("DocumentReference.content[0].attachment.data",)),
    "code with blanks": (encounter(language=" en"), InvalidContent, ("Encounter.language",)),
    "uri with blank": (patient(implicitRules="http://a b"), InvalidContent, ("Patient.implicitRules",)),
    "control character": (patient(name=[{"family": "a\u0000b"}]), InvalidContent, ("Patient.name[0].family",)),
    "lone surrogate": (b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}', InvalidContent, ("Patient.name[0].family",)),
    "script": (
        patient(text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>'}),
        InvalidContent,
        ("Patient.text.div",),
    ),
    "event attribute": (
        patient(text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p onclick="x">y</p></div>'}),
        InvalidContent,
        ("Patient.text.div",),
    ),
    "narrative without namespace": (patient(text={"status": "generated", "div": "<div>x</div>"}), InvalidContent, ("Patient.text.div",)),
    "narrative not xml": (patient(text={"status": "generated", "div": "<div>"}), InvalidContent, ("Patient.text.div",)),
    "contained of unknown type": (patient(contained=[{"resourceType": "Nothing"}]), InvalidContent, ("Patient.contained[0]",)),
    "fault in contained": (
        patient(contained=[{"resourceType": "Organization", "active": "yes"}]),
        UnreadableBody,
        ("Patient.contained[0].active",),
    ),
    "huge exponent": (
        b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1e99999}}',
        InvalidContent,
        ("Observation.value.value",),
    ),
    "absurd exponent": (b'{"resourceType":"Observation","x":1e99999999999999999999999}', UnreadableBody, ()),
    "absurd integer": (b'{"resourceType":"Observation","x":' + b"9" * 5000 + b"}", UnreadableBody, ()),
}


@pytest.mark.parametrize(("data", "error", "expression"), REFUSED.values(), ids=REFUSED)
def test_refuses(data: bytes, error: type[FhirCoderError], expression: tuple[str, ...]):
    with pytest.raises(error) as caught:
        read_json(data)
    assert caught.value.expression == expression


@pytest.mark.parametrize(
    "data", [patient(gender="XYZZY"), note("XYZZY"), patient(birthDate="XYZZY"), patient(name="XYZZY"), b'{"a": XYZZY}']
)
def test_never_quotes_a_value(data: bytes):
    with pytest.raises(FhirCoderError) as caught:
        read_json(data)
    assert "XYZZY" not in str(caught.value)
    assert caught.value.__cause__ is None


ACCEPTED = {
    "byte order mark": b"\xef\xbb\xbf" + patient(),
    "partial date": patient(birthDate="1960"),
    "year and month": patient(birthDate="1960-02"),
    "fraction of a second": encounter(period={"start": "2026-04-01T10:00:00.120-05:00"}),
    "zones": encounter(period={"start": "2026-04-01T10:00:00+05:45", "end": "2026-04-01T10:00:00-00:00"}),
    "extension that holds none": patient(extension=[{"url": "http://x.org"}]),
    "contained in contained": patient(
        contained=[{"resourceType": "Patient", "id": "p", "contained": [{"resourceType": "Patient", "id": "q"}]}]
    ),
    "leap second": encounter(period={"start": "2026-06-30T23:59:60Z"}),
    "sibling alone": encounter(_language={"extension": [{"url": "http://x.org", "valueCode": "unknown"}]}),
    "required by sibling": b'{"resourceType":"Encounter","_status":{"extension":[{"url":"http://x.org/r","valueCode":"unknown"}]},"class":{"code":"AMB"}}',
    "null beside sibling": patient(name=[{"given": ["A", None], "_given": [None, {"id": "x"}]}]),
    "base64 with line breaks": note("aGVs\r\nbG8="),
    "contained": patient(contained=[{"resourceType": "Organization", "id": "o", "name": "N"}]),
    "contained of a type R4B dropped": patient(contained=[{"resourceType": "MedicinalProduct", "id": "m", "name": [{"productName": "X"}]}]),
    "braces in a string": patient(name=[{"family": "[" * 500 + '\\"{'}]),
    "no-break space": patient(name=[{"family": "a\u00a0b"}]),
    "narrative": patient(text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div>'}),
}


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts_and_changes_nothing(data: bytes):
    assert read_json(data) == json.loads(data.decode("utf-8-sig"))


def test_keeps_the_precision_of_decimals():
    data = b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":120.10}}'
    value = read_json(data)["valueQuantity"]["value"]
    assert (value, str(value)) == (Decimal("120.10"), "120.10")


def test_size_limit():
    with pytest.raises(BodyTooLarge):
        read_json(patient(), Limits(max_bytes=10))


def test_depth_limit_is_exact():
    data = b'{"resourceType":"Patient","name":[{"given":["A"]}]}'
    assert read_json(data, Limits(max_depth=4))
    with pytest.raises(UnreadableBody, match="nested deeper than 3"):
        read_json(data, Limits(max_depth=3))


def test_a_hostile_string_is_scanned_in_linear_time():
    with pytest.raises(UnreadableBody):
        read_json(b'{"a":"' + b'\\"' * 2_000_000)
