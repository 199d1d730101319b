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


ABROAD = EhrAddress.of("https://ehr.example.org/fhir/R4", ("https://files.example.org/notes/", "http://scans.example.org:8080"))


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://files.example.org/notes/1", True),
        ("https://files.example.org/notes?id=1", True),
        ("https://FILES.example.org:443/notes/1", True),
        ("http://scans.example.org:8080/any/where", True),
        ("https://files.example.org/notes-of-others/1", False),
        ("https://files.example.org/notes/../admin", False),
        ("https://files.example.org/", False),
        ("http://files.example.org/notes/1", False),
        ("http://scans.example.org/any", False),
        ("https://files.example.org@evil.org/notes/1", False),
        ("file:///etc/passwd", False),
        ("data:text/plain;base64,QQ==", False),
    ],
)
def test_prefixes_elsewhere_are_allowed_by_origin_and_whole_segments_and_get_no_token(url: str, is_allowed: bool) -> None:
    assert ABROAD.allows(url) is is_allowed and not ABROAD.admits(url)
    if is_allowed:
        assert ABROAD.resolve(url) == url
    else:
        with pytest.raises(EhrRefused):
            ABROAD.resolve(url)


@pytest.mark.parametrize("prefix", ["ftp://files.example.org", "https://user@files.example.org", "https://files.example.org/?a=b", "files"])
def test_a_prefix_must_be_a_plain_url(prefix: str) -> None:
    with pytest.raises(ConfigurationError):
        EhrAddress.of("https://ehr.example.org/fhir", (prefix,))
