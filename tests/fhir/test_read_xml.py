"""FHIR XML becomes the JSON form, and what is not FHIR XML is refused."""

from decimal import Decimal

import pytest

from fhir_coder.errors import BodyTooLarge, FhirCoderError, InvalidContent, UnreadableBody
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir.reader import read_xml

NS = 'xmlns="http://hl7.org/fhir"'


def patient(inside: str) -> bytes:
    return f"<Patient {NS}>{inside}</Patient>".encode()


def quantity(number: str) -> bytes:
    inside = f'<status value="final"/><code><text value="x"/></code><valueQuantity><value value="{number}"/></valueQuantity>'
    return f"<Observation {NS}>{inside}</Observation>".encode()


BOMB = (
    '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>'
    f'<Patient {NS}><id value="&lol2;"/></Patient>'
)
REFUSED = {
    "empty": (b"", UnreadableBody, ()),
    "not xml": (b"hello", UnreadableBody, ()),
    "not closed": (b"<Patient>", UnreadableBody, ()),
    "no namespace": (b"<Patient/>", UnreadableBody, ()),
    "other namespace": (b'<Patient xmlns="urn:hl7-org:v3"/>', UnreadableBody, ()),
    "not a resource": (f"<Pation {NS}/>".encode(), UnreadableBody, ()),
    "doctype": (b"<!DOCTYPE Patient>" + patient('<id value="a"/>'), UnreadableBody, ()),
    "external entity": (
        f'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><Patient {NS}><id value="a"/>&x;</Patient>'.encode(),
        UnreadableBody,
        (),
    ),
    "billion laughs": (BOMB.encode(), UnreadableBody, ()),
    "utf-16": (f'<?xml version="1.0" encoding="UTF-16"?><Patient {NS}/>'.encode("utf-16"), UnreadableBody, ()),
    "declared latin-1": (b'<?xml version="1.0" encoding="ISO-8859-1"?>' + patient('<id value="a"/>'), UnreadableBody, ()),
    "undefined entity": (patient('<id value="&x;"/>'), UnreadableBody, ()),
    "nesting bomb": (patient('<extension url="u">' * 200 + "</extension>" * 200), UnreadableBody, ()),
    "element of another type": (patient('<recorder value="x"/>'), UnreadableBody, ("Patient.recorder",)),
    "unknown element": (patient('<surname value="x"/>'), UnreadableBody, ("Patient",)),
    "unknown attribute": (patient('<active value="true" foo="1"/>'), UnreadableBody, ("Patient.active",)),
    "attribute on a resource": (f'<Patient {NS} id="a"/>'.encode(), UnreadableBody, ("Patient",)),
    "text between": (patient('hello<id value="a"/>'), UnreadableBody, ("Patient",)),
    "tail text": (patient('<id value="a"/>hello'), UnreadableBody, ("Patient",)),
    "order": (patient('<gender value="male"/><active value="true"/>'), UnreadableBody, ("Patient.active",)),
    "repeated": (patient('<gender value="male"/><gender value="male"/>'), UnreadableBody, ("Patient.gender",)),
    "empty element": (patient("<name/>"), UnreadableBody, ("Patient.name[0]",)),
    "empty primitive": (patient("<gender/>"), UnreadableBody, ("Patient.gender",)),
    "empty value": (patient('<gender value=""/>'), InvalidContent, ("Patient.gender",)),
    "boolean": (patient('<active value="yes"/>'), InvalidContent, ("Patient.active",)),
    "integer": (patient('<multipleBirthInteger value="1.0"/>'), InvalidContent, ("Patient.multipleBirth",)),
    "enum": (patient('<gender value="femail"/>'), InvalidContent, ("Patient.gender",)),
    "two choices": (
        patient('<deceasedBoolean value="true"/><deceasedDateTime value="2026"/>'),
        InvalidContent,
        ("Patient.deceased",),
    ),
    "foreign child": (patient('<v:gender xmlns:v="urn:v" value="male"/>'), UnreadableBody, ("Patient.gender",)),
    "deep narrative in a large body": (
        patient(
            f'<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">{"<b>" * 1000}{"</b>" * 1000}</div></text>'
            + f'<name><family value="{"a" * 1000}"/></name>' * 10_000
        ),
        InvalidContent,
        ("Patient.text.div",),
    ),
    "foreign attribute": (patient('<active xmlns:o="urn:o" o:x="1" value="true"/>'), UnreadableBody, ("Patient.active",)),
    "child without namespace": (patient('<active xmlns="" value="true"/>'), UnreadableBody, ("Patient.active",)),
    "inclusion": (
        patient('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'),
        UnreadableBody,
        ("Patient.include",),
    ),
    "document type elsewhere": (b'<!DOCTYPE p SYSTEM "http://127.0.0.1/x">' + patient('<id value="a"/>'), UnreadableBody, ()),
    "characters outside of markup": (patient("<![CDATA[x]]>"), UnreadableBody, ("Patient",)),
    "date in words": (patient('<birthDate value="01.02.1960"/>'), InvalidContent, ("Patient.birthDate",)),
    "boolean as a number": (patient('<active value="1"/>'), InvalidContent, ("Patient.active",)),
    "boolean with a blank": (patient('<active value=" true"/>'), InvalidContent, ("Patient.active",)),
    "decimal with a comma": (quantity("1,10"), InvalidContent, ("Observation.value.value",)),
    "decimal with a plus": (quantity("+1.1"), InvalidContent, ("Observation.value.value",)),
    "extension without url": (patient('<extension><valueString value="x"/></extension>'), InvalidContent, ("Patient.extension[0].url",)),
    "empty contained": (patient("<contained/>"), UnreadableBody, ("Patient.contained[0]",)),
    "contained twice": (
        patient(f"<contained><Organization {NS}><id value='a'/></Organization><Organization><id value='b'/></Organization></contained>"),
        UnreadableBody,
        ("Patient.contained[0]",),
    ),
    "script": (
        patient('<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><script/></div></text>'),
        InvalidContent,
        ("Patient.text.div",),
    ),
}


@pytest.mark.parametrize(("data", "error", "expression"), REFUSED.values(), ids=REFUSED)
def test_refuses(data: bytes, error: type[FhirCoderError], expression: tuple[str, ...]):
    with pytest.raises(error) as caught:
        read_xml(data)
    assert caught.value.expression == expression


def test_types_come_from_the_table():
    data = f"""<?xml version="1.0" encoding="UTF-8"?>
    <!-- a comment -->
    <Observation {NS}>
      <id value="o1"/>
      <contained><Patient><id value="p"/><active value="false"/></Patient></contained>
      <status value="final"><extension url="http://x.org/e"><valueString value="s"/></extension></status>
      <category><text value="c"/></category>
      <code id="c1"><text value="x"/></code>
      <valueQuantity><value value="120.10"/><unit value="mg"/></valueQuantity>
    </Observation>""".encode()
    assert read_xml(data) == {
        "resourceType": "Observation",
        "id": "o1",
        "contained": [{"resourceType": "Patient", "id": "p", "active": False}],
        "status": "final",
        "_status": {"extension": [{"url": "http://x.org/e", "valueString": "s"}]},
        "category": [{"text": "c"}],
        "code": {"id": "c1", "text": "x"},
        "valueQuantity": {"value": Decimal("120.10"), "unit": "mg"},
    }


SAME = {
    "comments": f"<!-- a --><Patient {NS}><!-- b --><active value='true'><!-- c --></active></Patient><!-- d -->",
    "a processing instruction": f"<Patient {NS}><?x y?><active value='true'/></Patient>",
    "a prefix": '<f:Patient xmlns:f="http://hl7.org/fhir"><f:active value="true"/></f:Patient>',
    "a place of the schema": f"""<Patient {NS} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
        xsi:schemaLocation="http://hl7.org/fhir fhir-all.xsd"><active value="true"/></Patient>""",
    "a byte order mark": f"\ufeff<Patient {NS}><active value='true'/></Patient>",
    "characters by number": f"<Patient {NS}><active value='&#116;rue'/></Patient>",
}


@pytest.mark.parametrize("data", SAME.values(), ids=SAME)
def test_what_says_nothing_changes_nothing(data: str):
    assert read_xml(data.encode()) == {"resourceType": "Patient", "active": True}


def test_primitive_arrays_are_aligned_with_nulls():
    data = patient('<name><given value="A"/><given id="x"/></name>')
    assert read_xml(data)["name"] == [{"given": ["A", None], "_given": [None, {"id": "x"}]}]


def test_size_limit():
    with pytest.raises(BodyTooLarge):
        read_xml(patient('<id value="a"/>'), Limits(max_bytes=10))


def test_a_note_of_many_megabytes_is_read():
    attachment = f'<attachment><contentType value="text/plain"/><data value="{"QUFB" * 3_000_000}"/></attachment>'
    data = f'<DocumentReference {NS}><status value="current"/><content>{attachment}</content></DocumentReference>'.encode()
    assert len(read_xml(data)["content"][0]["attachment"]["data"]) == 12_000_000
