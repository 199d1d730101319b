"""Negotiation as a table: what real clients send and what they get."""

import pytest

from fhir_coder.api.media import Format, body_format, response_format
from fhir_coder.api.prefer import read_preferences
from fhir_coder.errors import MediaTypeUnsupported, NotAcceptable

ANSWERS = [
    (None, None, Format.JSON),
    (None, "", Format.JSON),
    (None, "*/*", Format.JSON),
    (None, "application/*", Format.JSON),
    (None, "application/json", Format.JSON),
    (None, "application/json+fhir", Format.JSON),
    (None, "text/json", Format.JSON),
    (None, "application/fhir+json; fhirVersion=4.0", Format.JSON),
    (None, 'application/fhir+json; fhirVersion="4.0"', Format.JSON),
    (None, "application/fhir+json; charset=UTF-8", Format.JSON),
    (None, "APPLICATION/FHIR+XML", Format.XML),
    (None, "application/xml", Format.XML),
    (None, "text/xml;q=0.9", Format.XML),
    (None, "application/fhir+json;q=0.5, application/fhir+xml", Format.XML),
    (None, "application/fhir+xml;q=0.5, application/json", Format.JSON),
    (None, "application/fhir+xml, */*", Format.XML),
    (None, "application/fhir+json;q=0, */*", Format.XML),
    (None, "application/fhir+xml, application/fhir+json", Format.XML),
    (None, "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", Format.XML),
    (None, "application/fhir+json; fhirVersion=3.0, application/fhir+xml", Format.XML),
    (None, "text/html, application/fhir+json", Format.JSON),
    ("json", "application/fhir+xml", Format.JSON),
    ("xml", None, Format.XML),
    ("xml", "text/html", Format.XML),
    ("application/fhir json", None, Format.JSON),
    ("application/fhir+xml", None, Format.XML),
    ("text/xml", None, Format.XML),
    ("application/json; fhirVersion=4.0", None, Format.JSON),
]


@pytest.mark.parametrize(("override", "accept", "expected"), ANSWERS)
def test_answers(override, accept, expected):
    assert response_format(override, accept) is expected


REFUSED = [
    (None, "text/html"),
    (None, "application/fhir+json;q=0"),
    (None, "*/*;q=0"),
    (None, "application/fhir+json; fhirVersion=5.0"),
    (None, "application/pdf, image/*"),
    ("ttl", None),
    ("html", "application/fhir+json"),
    ("application/fhir+json; fhirVersion=3.0", None),
]


@pytest.mark.parametrize(("override", "accept"), REFUSED)
def test_not_acceptable(override, accept):
    with pytest.raises(NotAcceptable):
        response_format(override, accept)


BODIES = [
    ("application/fhir+json", Format.JSON),
    ("application/fhir+json; charset=utf-8", Format.JSON),
    ("application/json;charset=UTF-8", Format.JSON),
    ("text/json", Format.JSON),
    ("application/fhir+json; fhirVersion=4.0", Format.JSON),
    ("application/fhir+xml", Format.XML),
    ("text/xml", Format.XML),
]


@pytest.mark.parametrize(("content_type", "expected"), BODIES)
def test_bodies(content_type, expected):
    assert body_format(content_type) is expected


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/fhir+json; fhirVersion=3.0", "application/json; charset=latin1", "x"]
)
def test_unsupported(content_type):
    with pytest.raises(MediaTypeUnsupported):
        body_format(content_type)


PREFERENCES = [
    (None, ""),
    ("handling=strict", "strict"),
    ("Handling = Lenient", "lenient"),
    ('handling="strict"', "strict"),
    ("respond-async, return=minimal, handling=strict; x=1", "strict"),
    ("handling=strict, handling=lenient", "strict"),
    ("handling=other", ""),
    ("respond-async", ""),
    (", ;=", ""),
]


@pytest.mark.parametrize(("header", "handling"), PREFERENCES)
def test_preferences(header, handling):
    assert read_preferences(header).handling == handling
