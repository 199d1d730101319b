"""What a verified token grants, and the names in it that may be written down."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_coder.smart.context import read_grant

CLAIMS = {
    "iss": "https://auth.example",
    "sub": "s-1",
    "client_id": "engine",
    "azp": "other",
    "fhirUser": "Practitioner/7",
    "scope": "system/*.rs",
}


def test_who_calls_is_told() -> None:
    grant = read_grant(CLAIMS)
    assert (grant.client, grant.subject, grant.fhir_user, grant.issuer) == ("engine", "s-1", "Practitioner/7", "https://auth.example")
    assert read_grant({"azp": "other"}).client == "other"
    assert read_grant({}).client == ""


@pytest.mark.parametrize("value", ["two words", "a\r\nSet-Cookie: x", "é", "x" * 256, 7, ["Practitioner/7"], None, ""])
def test_what_is_no_plain_word_is_not_repeated(value: Any) -> None:
    grant = read_grant(CLAIMS | {"fhirUser": value, "sub": value})
    assert (grant.fhir_user, grant.subject) == ("", "")
