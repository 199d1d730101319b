"""Settings: defaults, reading, and refusal that names the variable but never its value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fhir_coder.backend_settings import BackendClient
from fhir_coder.errors import ConfigurationError
from fhir_coder.sensitive_settings import Kind, Rule
from fhir_coder.settings import Settings


def test_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings.passing == "none"
    assert settings.database_url.startswith("sqlite:///")
    assert settings.tenants == ()
    assert settings.sandbox is False


def test_tenants_as_json() -> None:
    raw = '[{"id":"north","ehrs":[{"id":"main","base_url":"https://ehr.example/fhir","token":"t0ps3cret"}]}]'
    tenant = Settings.from_environment({"FHIR_CODER_TENANTS": raw}).tenants[0]
    assert (tenant.id, tenant.ehrs[0].base_url) == ("north", "https://ehr.example/fhir")
    assert "t0ps3cret" not in repr(tenant)


def test_tenants_from_a_file(tmp_path) -> None:
    path = tmp_path / "tenants.json"
    path.write_text('[{"id":"south"}]', encoding="utf-8")
    assert Settings.from_environment({"FHIR_CODER_TENANTS": str(path)}).tenants[0].id == "south"


BACKEND = {"client_id": "us", "scope": "system/Patient.r", "key": "/keys/main.pem"}


def ehr_with(base_url: str = "https://ehr.example/fhir", **members: object) -> str:
    return json.dumps([{"id": "north", "ehrs": [{"id": "main", "base_url": base_url, **members}]}])


def test_how_tokens_are_asked_for() -> None:
    raw = ehr_with(**BACKEND, token_url="http://127.0.0.1:9000/token", alg="ES384", next_key="/keys/next.pem")
    (ehr,) = Settings.from_environment({"FHIR_CODER_TENANTS": raw}).tenants[0].ehrs
    assert ehr.backend == BackendClient(
        "us", "system/Patient.r", "/keys/main.pem", "http://127.0.0.1:9000/token", next_key="/keys/next.pem", alg="ES384"
    )


def test_a_mistake_says_what_was_expected() -> None:
    with pytest.raises(ConfigurationError, match="expected client_id, scope and key together"):
        Settings.from_environment({"FHIR_CODER_TENANTS": ehr_with(client_id="us")})


@pytest.mark.parametrize(
    "members",
    [
        {"client_id": "us"},
        {"key": "/keys/main.pem"},
        BACKEND | {"scope": " "},
        BACKEND | {"scope": ["system/Patient.r"]},
        BACKEND | {"token": "static"},
        BACKEND | {"alg": "HS256"},
        BACKEND | {"alg": "none"},
        BACKEND | {"token_url": "http://auth.example/token"},
        BACKEND | {"token_url": "https://us@auth.example/token"},
        BACKEND | {"token_url": "//auth.example/token"},
        BACKEND | {"token_url": "http://127.0.0.1.example/token"},
        BACKEND | {"jku": "http://coder.example/jwks"},
        BACKEND | {"base_url": "http://ehr.example/fhir"},
        BACKEND | {"client_secret": "secret-value"},
    ],
)
def test_a_registration_that_cannot_work_stops_the_start(members: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="FHIR_CODER_TENANTS") as caught:
        Settings.from_environment({"FHIR_CODER_TENANTS": ehr_with(**members)})
    assert "secret-value" not in caught.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FHIR_CODER_PASSING", "secret-value"),
        ("FHIR_CODER_PASS_PROBABILITY", "1.5"),
        ("FHIR_CODER_MAX_BODY_BYTES", "0"),
        ("FHIR_CODER_TENANTS", '[{"ehrs": "secret-value"}]'),
        ("FHIR_CODER_TENANTS", "/no/such/secret-value"),
        ("FHIR_CODER_TENANTS", '[{"id":"a"},{"id":"a"}]'),
        ("FHIR_CODER_TENANTS", '[{"id":"secret-value/a"}]'),
        ("FHIR_CODER_TENANTS", '[{"id":"a","ehrs":[{"id":"x","base_url":"secret-value"}]}]'),
        ("FHIR_CODER_TENANTS", '[{"id":"a","ehrs":[{"id":"x","base_url":"http://h","timeout_s":"secret-value"}]}]'),
        ("FHIR_CODER_TENANTS", '[{"id":"a","ehrs":[{"id":"x","base_url":"http://h"},{"id":"x","base_url":"http://g"}]}]'),
        ("FHIR_CODER_TENANTS", '[{"id":"a","ehrs":[{"id":"x","base_url":"http://h","foreign_urls":"http://secret-value"}]}]'),
        ("FHIR_CODER_TENANTS", '[{"id":"a","ehrs":[{"id":"x","base_url":"http://h","foreign_urls":["secret-value"]}]}]'),
        ("FHIR_CODER_TENANTS", '[{"id":"a","ehrs":[{"id":"x","base_url":"http://h","foreign_urls":["http://g/?a=secret-value"]}]}]'),
        ("FHIR_CODER_TENANTS", '[{"id":"a","ehrs":[{"id":"x","base_url":"http://h","foreign_urls":["http://secret-value@g/"]}]}]'),
        ("FHIR_CODER_PRELIMINARY_NOTES", "secret-value"),
        ("FHIR_CODER_UNFINISHED_ENCOUNTERS", "secret-value"),
        ("FHIR_CODER_SEVERITIES", '{"x": "secret-value"}'),
        ("FHIR_CODER_NO_SUCH_SETTING", "secret-value"),
    ],
)
def test_what_cannot_be_read_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment({name: value})
    assert name in caught.value.message
    assert "secret-value" not in caught.value.message


def test_a_tenants_rules_for_sensitive_documents() -> None:
    raw = json.dumps([{"id": "north", "sensitive": {"part2": "exclude", "exclude_types": ["LOINC|11488-4"]}}])
    rules = Settings.from_environment({"FHIR_CODER_TENANTS": raw}).tenants[0].sensitive
    assert (rules.rule(Kind.PART2), rules.rule(Kind.RESTRICTED)) == (Rule.EXCLUDE, Rule.REVIEW)
    assert rules.exclude_types == {("http://loinc.org", "11488-4")}


@pytest.mark.parametrize("sensitive", [{"part-2": "code"}, {"part2": "yes"}, {"psychotherapy": "code"}, {"exclude_types": "LOINC|1"}])
def test_a_rule_for_sensitive_documents_that_is_misspelt_stops_the_start(sensitive: dict[str, object]) -> None:
    raw = json.dumps([{"id": "north", "sensitive": sensitive}])
    with pytest.raises(ConfigurationError, match="FHIR_CODER_TENANTS cannot be read: ValueError: expected"):
        Settings.from_environment({"FHIR_CODER_TENANTS": raw})
