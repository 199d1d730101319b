"""What stays with the configured EHR, and what would carry a token elsewhere."""

import pytest

from fhir_coder.ehr.address import EhrAddress
from fhir_coder.errors import ConfigurationError, EhrRefused

ADDRESS = EhrAddress.of("https://ehr.example.org/fhir/R4/")


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("Binary/1", "https://ehr.example.org/fhir/R4/Binary/1"),
        ("/fhir/R4/Binary/1", "https://ehr.example.org/fhir/R4/Binary/1"),
        ("https://ehr.example.org/fhir/R4?page=2", "https://ehr.example.org/fhir/R4?page=2"),
        ("https://EHR.example.org:443/fhir/R4/Binary/1", "https://EHR.example.org:443/fhir/R4/Binary/1"),
        ("https://ehr.example.org/fhir/R4/x?a=b%2Fc&d=..%2f", "https://ehr.example.org/fhir/R4/x?a=b%2Fc&d=..%2f"),
    ],
)
def test_urls_below_the_base_are_resolved_letter_for_letter(reference: str, url: str) -> None:
    assert ADDRESS.resolve(reference) == url


@pytest.mark.parametrize(
    "reference",
    [
        "http://ehr.example.org/fhir/R4/Binary/1",
        "https://ehr.example.org:8443/fhir/R4/Binary/1",
        "https://evil.example.org/fhir/R4/Binary/1",
        "https://ehr.example.org.evil.org/fhir/R4/Binary/1",
        "https://ehr.example.org@evil.org/fhir/R4/Binary/1",
        "https://user@ehr.example.org/fhir/R4/Binary/1",
        "https://ehr.example.org/fhir/R4-admin/Binary/1",
        "https://ehr.example.org/admin",
        "https://ehr.example.org/fhir/R4/../../admin",
        "https://ehr.example.org/fhir/R4/%2e%2e/%2E%2e/admin",
        "https://ehr.example.org/fhir/R4/%252e%252e/admin",
        "https://ehr.example.org/fhir/R4/..\\admin",
        "https://ehr.example.org:port/fhir/R4/Binary/1",
        "//evil.example.org/fhir/R4/Binary/1",
        "../../admin",
        "file:///etc/passwd",
        "data:text/plain,hello",
        "ftp://ehr.example.org/fhir/R4/x",
        "http://[::1",
        "https://ehr.example.org/fhir/R4/Binary/1\t2",
        "https://ehr.example.org\n.evil.org/fhir/R4/Binary/1",
    ],
)
def test_urls_outside_the_base_are_refused(reference: str) -> None:
    with pytest.raises(EhrRefused):
        ADDRESS.resolve(reference)


@pytest.mark.parametrize(
    "base_url", ["", "ehr.example.org/fhir", "ftp://ehr.example.org", "https://u:p@ehr.example.org", "https://e.org/f?x=1"]
)
def test_a_base_url_must_be_plain_http(base_url: str) -> None:
    with pytest.raises(ConfigurationError):
        EhrAddress.of(base_url)
