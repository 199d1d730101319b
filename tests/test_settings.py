"""Settings: defaults, reading, and refusal that names the variable but never its value."""

from __future__ import annotations

import pytest

from fhir_coder.errors import ConfigurationError
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
