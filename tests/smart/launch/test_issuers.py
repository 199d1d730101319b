"""Which EHR launches us: exact entries, compared before anybody is asked."""

from __future__ import annotations

import pytest

from fhir_coder.errors import ConfigurationError
from fhir_coder.smart.launch.registration import Registration, read_launch
from tests.smart.launch.provider import BASE, CLIENT, SCOPE, practice, provider


def at(tenant: str, ehr: str, base: str) -> Registration:
    return read_launch(tenant, ehr, base, {"client_id": CLIENT, "scope": SCOPE})


@pytest.mark.parametrize(
    "iss",
    [BASE, f"{BASE}/", "HTTPS://EHR.Example/fhir/r4", "https://ehr.example:443/fhir/r4"],
    ids=["as configured", "a slash", "letter case of scheme and host", "the usual port"],
)
def test_other_spellings_of_a_base_are_the_base(iss: str) -> None:
    with provider() as ehr:
        assert ehr.flow.find(iss) == ehr.registration


LOOK_ALIKES = {
    "unknown": "https://other.example/fhir/r4",
    "empty": "",
    "user": "https://ehr.example@evil.example/fhir/r4",
    "user and password": "https://ehr.example:443@evil.example/fhir/r4",
    "user before the host": "https://x@ehr.example/fhir/r4",
    "suffix of the host": "https://ehr.example.evil.example/fhir/r4",
    "prefix of the host": "https://evil-ehr.example/fhir/r4",
    "subdomain": "https://a.ehr.example/fhir/r4",
    "trailing dot": "https://ehr.example./fhir/r4",
    "port": "https://ehr.example:8443/fhir/r4",
    "port of plain http": "https://ehr.example:80/fhir/r4",
    "port that is none": "https://ehr.example:x/fhir/r4",
    "port too large": "https://ehr.example:99999/fhir/r4",
    "plain http": "http://ehr.example/fhir/r4",
    "other scheme": "ftp://ehr.example/fhir/r4",
    "no scheme": "//ehr.example/fhir/r4",
    "script": "javascript://ehr.example/fhir/r4",
    "letter case of the path": "https://ehr.example/FHIR/r4",
    "below the base": f"{BASE}/x",
    "above the base": "https://ehr.example/fhir",
    "prefix of the path": f"{BASE}5",
    "two slashes": f"{BASE}//",
    "slash within": "https://ehr.example//fhir/r4",
    "dot segment": "https://ehr.example/x/../fhir/r4",
    "dot segment at the end": f"{BASE}/.",
    "encoded dot segment": "https://ehr.example/x/%2e%2e/fhir/r4",
    "twice encoded dot segment": "https://ehr.example/x/%252e%252e/fhir/r4",
    "dot segment with parameter": "https://ehr.example/x/..;a/fhir/r4",
    "encoded letter": "https://ehr.example/%66hir/r4",
    "query": f"{BASE}?x=1",
    "empty query": f"{BASE}?",
    "fragment": f"{BASE}#x",
    "empty fragment": f"{BASE}#",
    "fragment before the path": "https://ehr.example#@evil.example/fhir/r4",
    "backslash": "https://ehr.example\\@evil.example/fhir/r4",
    "backslash in the path": "https://ehr.example/fhir\\r4",
    "blank": f" {BASE}",
    "blank at the end": f"{BASE} ",
    "line end": f"{BASE}\n",
    "tab within": "https://ehr.exa\tmple/fhir/r4",
    "no-width letter": "https://ehr.exa\u200bmple/fhir/r4",
    "cyrillic letter": "https://ehr.ex\u0430mple/fhir/r4",
    "wide letters": "https://ｅｈｒ.example/fhir/r4",
    "bracket": "https://[ehr.example/fhir/r4",
    "address": "https://127.0.0.1/fhir/r4",
    "cloud metadata": "http://169.254.169.254/latest",
    "too long": f"{BASE}{'/a' * 2000}",
    "the issuer of its tokens": "https://auth.example",
}


@pytest.mark.parametrize("iss", LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())
def test_what_is_not_an_entry_is_unknown_and_nobody_is_asked(iss: str) -> None:
    with provider() as ehr:
        assert ehr.flow.find(iss) is None
        assert not ehr.mock.calls


def test_an_ehr_of_two_tenants_needs_the_tenant() -> None:
    one, two = at("north", "main", BASE), at("south", "main", f"{BASE}/")
    with provider() as ehr:
        flow = ehr.made(one, two)
    assert flow.find(BASE) is None
    assert (flow.find(BASE, "north"), flow.find(BASE, "south"), flow.find(BASE, "west")) == (one, two, None)


def test_two_ehrs_of_a_tenant_with_one_base_stop_the_start() -> None:
    with provider() as ehr, pytest.raises(ConfigurationError, match="one base_url"):
        ehr.made(at("north", "main", BASE), at("north", "other", f"{BASE}/"))


def test_registrations_are_found_by_place() -> None:
    with provider() as ehr:
        flow = ehr.made(ehr.registration, practice())
    assert flow.of("north", "main") == ehr.registration
    assert flow.of("north") == practice()
    assert flow.of("south") is None


def test_the_provider_of_a_practice_launches_nothing() -> None:
    with provider(practice()) as site:
        assert site.flow.find(site.registration.issuer) is None
