"""The id_token: whose signature, for whom, when. Each forgery signs nobody in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from fhir_coder.errors import LaunchFailed
from tests.smart.issuer import OTHER_RSA, P256, P384, RSA, encode, key_set, public, sign
from tests.smart.launch.provider import BASE, CLIENT, ISSUER, JWKS, NOW, Provider, practice, provider, registered

LATER = int(NOW)


def refusal(ehr: Provider) -> str:
    with pytest.raises(LaunchFailed) as caught:
        ehr.finish()
    return caught.value.message


@pytest.mark.parametrize(
    ("key", "alg", "kid"),
    [(RSA, "RS256", "rsa"), (RSA, "RS384", "rsa"), (P256, "ES256", "p256"), (P384, "ES384", "p384")],
)
def test_four_algorithms_are_accepted(key: Any, alg: str, kid: str) -> None:
    with provider() as ehr:
        ehr.key, ehr.header = key, {"alg": alg, "kid": kid}
        assert ehr.finish().subject == "u-7"


CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"exp": LATER - 60}, "expired"),
    "no exp": ({"exp": None}, "exp"),
    "exp is text": ({"exp": str(LATER + 300)}, "exp"),
    "exp is no number": ({"exp": float("nan")}, "exp"),
    "exp is true": ({"exp": True}, "exp"),
    "exp is endless": ({"exp": float("inf")}, "exp"),
    "no iat": ({"iat": None}, "iat"),
    "issued in the future": ({"iat": LATER + 61}, "iat"),
    "not yet": ({"nbf": LATER + 61}, "nbf"),
    "no audience": ({"aud": None}, "aud"),
    "another audience": ({"aud": "other"}, "aud"),
    "the base as audience": ({"aud": BASE}, "aud"),
    "other audiences": ({"aud": ["other", "more"]}, "aud"),
    "audience is a number": ({"aud": 5}, "aud"),
    "audience by a part": ({"aud": f"{CLIENT}-2"}, "aud"),
    "several audiences and no azp": ({"aud": [CLIENT, "other"]}, "azp"),
    "another azp": ({"aud": [CLIENT, "other"], "azp": "other"}, "azp"),
    "another azp of one audience": ({"azp": "other"}, "azp"),
    "no issuer": ({"iss": None}, "iss"),
    "another issuer": ({"iss": "https://evil.example"}, "iss"),
    "the base as issuer": ({"iss": BASE}, "iss"),
    "issuer with a slash": ({"iss": f"{ISSUER}/"}, "iss"),
    "issuers": ({"iss": [ISSUER]}, "iss"),
    "no nonce": ({"nonce": None}, "nonce"),
    "another nonce": ({"nonce": "x"}, "nonce"),
    "an empty nonce": ({"nonce": ""}, "nonce"),
    "no subject": ({"sub": None}, "sub"),
    "an empty subject": ({"sub": ""}, "sub"),
    "subject is a number": ({"sub": 7}, "sub"),
    "a long subject": ({"sub": "u" * 256}, "sub"),
    "another access token": ({"at_hash": "x"}, "at_hash"),
    "hash is a number": ({"at_hash": 5}, "its claims|at_hash"),
}


@pytest.mark.parametrize(("claims", "says"), CLAIMS.values(), ids=CLAIMS.keys())
def test_a_claim_that_is_wrong_is_named(claims: dict[str, Any], says: str) -> None:
    with provider() as ehr:
        ehr.claims = claims
        message = refusal(ehr)
    assert any(word in message for word in says.split("|"))
    assert "evil" not in message


GOOD: dict[str, dict[str, Any]] = {
    "a clock behind": {"iat": LATER + 60},
    "a clock ahead": {"exp": LATER - 59},
    "several audiences with azp": {"aud": [CLIENT, "other"], "azp": CLIENT},
    "one audience in a list": {"aud": [CLIENT]},
    "the access token's hash": {"at_hash": base64.urlsafe_b64encode(hashlib.sha256(b"at-1").digest()[:16]).rstrip(b"=").decode()},
}


@pytest.mark.parametrize("claims", GOOD.values(), ids=GOOD.keys())
def test_what_is_unusual_and_right_is_accepted(claims: dict[str, Any]) -> None:
    with provider() as ehr:
        ehr.claims = claims
        assert ehr.finish().subject == "u-7"


def plainly(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Under RS256, with a header that no library would write; the signature is right."""
    signed = f"{encode(header)}.{encode(claims)}"
    return f"{signed}.{encode(RSA.private_key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def confusion(claims: dict[str, Any], secret: bytes) -> str:
    """A MAC under what everybody knows; libraries refuse to make it, attackers do not."""
    signed = f"{encode({'alg': 'HS256', 'kid': 'rsa'})}.{encode(claims)}"
    return f"{signed}.{encode(hmac.digest(secret, signed.encode(), 'sha256'))}"


def test_the_plain_way_of_signing_is_right() -> None:
    with provider() as ehr:
        _, pending = ehr.begin()
        payload = ehr.id_token().split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        ehr.answer = {"id_token": plainly({"alg": "RS256", "kid": "rsa", "x5t": "ignored"}, claims)}
        assert ehr.flow.finish(pending, {"code": ["c-1"], "state": [pending.state]}).subject == "u-7"


def tokens(ehr: Provider) -> dict[str, str]:
    """Good claims in forged tokens."""
    good = ehr.id_token()
    header, payload, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    members = public("rsa", RSA)
    secrets = {"PEM": RSA.as_pem(private=False), "modulus": members["n"].encode(), "JWK": json.dumps(members).encode()}
    confused = {f"HS256 with the public key as {name}": confusion(claims, secret) for name, secret in secrets.items()}
    return confused | {
        "none": f"{encode({'alg': 'none'})}.{payload}.",
        "none in other letters": f"{encode({'alg': 'nOnE'})}.{payload}.",
        "none with the signature": f"{encode({'alg': 'none', 'kid': 'rsa'})}.{payload}.{signature}",
        "no signature": f"{header}.{payload}.",
        "other claims": f"{header}.{encode(claims | {'sub': 'admin'})}.{signature}",
        "another's signature": sign(claims, OTHER_RSA),
        "unknown kid": sign(claims, OTHER_RSA, kid="new"),
        "kid of another key": sign(claims, RSA, kid="p256"),
        "kid is a list": plainly({"alg": "RS256", "kid": ["rsa"]}, claims),
        "its own key": sign(claims, OTHER_RSA, kid=None, jwk=public("mine", OTHER_RSA)),
        "its own key's address": sign(claims, OTHER_RSA, kid="mine", jku="https://evil.example/jwks"),
        "an extension": plainly({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": True}, claims),
        "PS256": sign(claims, RSA, alg="PS256"),
        "RS512": sign(claims, RSA, alg="RS512"),
        "ES256 with another curve's key": sign(claims, P256, alg="ES256", kid="p384"),
        "no alg": plainly({"kid": "rsa"}, claims),
        "encrypted": ".".join([header, payload, signature, "a", "b"]),
        "JSON form": json.dumps({"payload": payload, "protected": header, "signature": signature}),
        "two parts": f"{header}.{payload}",
        "no token": "x",
        "other letters": good + "ä",
        "claims are a list": sign([claims]),
        "claims are no JSON": sign(b"evil"),
        "claims are nested": sign(b"[" * 20_000),
    }  # fmt: skip


FORGED = [
    "HS256 with the public key as PEM", "HS256 with the public key as modulus", "HS256 with the public key as JWK", "none", "none in other letters",
    "none with the signature", "no signature", "other claims", "another's signature", "unknown kid", "kid of another key", "kid is a list",
    "its own key", "its own key's address", "an extension", "PS256", "RS512", "ES256 with another curve's key", "no alg", "encrypted", "JSON form",
    "two parts", "no token", "other letters", "claims are a list", "claims are no JSON", "claims are nested",
]  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_signs_nobody_in(name: str) -> None:
    with provider() as ehr:
        _, pending = ehr.begin()
        ehr.answer = {"id_token": tokens(ehr)[name]}
        with pytest.raises(LaunchFailed, match="id_token") as caught:
            ehr.flow.finish(pending, {"code": ["c-1"], "state": [pending.state]})
        assert "evil" not in caught.value.message
        assert not [call for call in ehr.mock.calls if "evil" in str(call.request.url)]


def test_every_forgery_is_tried() -> None:
    with provider() as ehr:
        ehr.begin()
        assert sorted(tokens(ehr)) == sorted(FORGED)


def test_a_long_token_of_many_groups_is_read_and_one_too_long_is_not() -> None:
    with provider() as ehr:
        ehr.claims = {"groups": ["g" * 1000] * 20}
        assert len(ehr.finish().claims["groups"]) == 20
        ehr.claims = {"groups": ["g" * 1000] * 24}
        assert "too long" in refusal(ehr)


@pytest.mark.parametrize(
    ("rows", "good"),
    [
        ([public("rsa", RSA)], True),
        ([{name: value for name, value in public("rsa", RSA).items() if name != "kid"}], True),
        ([public("rsa", RSA), public("p256", P256)], True),
        ([public("rsa", RSA), public("old", OTHER_RSA)], False),
        ([public("rsa", RSA, use="enc")], False),
        ([public("rsa", RSA, alg="RS384")], False),
        ([], False),
    ],
    ids=["one", "one without a name", "one of its kind", "two of a kind", "for encryption", "for another algorithm", "none"],
)
def test_a_token_without_kid_needs_one_key_that_suits(rows: list[dict[str, Any]], good: bool) -> None:
    with provider() as ehr:
        ehr.mock.upsert("GET", JWKS, body=key_set(*rows) if rows else b'{"keys": []}')
        ehr.header = {"kid": None}
        if good:
            assert ehr.finish().subject == "u-7"
        else:
            assert "a key that the provider publishes" in refusal(ehr)


def test_unknown_keys_cost_one_request_in_a_minute() -> None:
    with provider() as ehr:
        for number in range(30):
            ehr.header = {"kid": f"k{number}"}
            assert "a key that the provider publishes" in refusal(ehr)
        assert len(ehr.asked(JWKS)) == 1
        ehr.elapsed = 61
        refusal(ehr)
        assert len(ehr.asked(JWKS)) == 2


def test_a_new_key_is_found() -> None:
    with provider() as ehr:
        ehr.finish()
        ehr.mock.upsert("GET", JWKS, body=key_set(public("new", OTHER_RSA)))
        ehr.key, ehr.header, ehr.elapsed = OTHER_RSA, {"kid": "new"}, 61
        assert ehr.finish().subject == "u-7"


@pytest.mark.parametrize(
    "answer", [{"status": 404}, {"status": 302, "headers": {"Location": "https://evil.example/"}}, {"body": b"<html>"}]
)
def test_without_keys_nobody_signs_in(answer: dict[str, Any]) -> None:
    with provider() as ehr:
        ehr.mock.upsert("GET", JWKS, **answer)
        assert "a key that the provider publishes" in refusal(ehr)
        assert not [call for call in ehr.mock.calls if "evil" in str(call.request.url)]


@pytest.mark.parametrize(
    ("nonce", "required", "good"),
    [(None, True, False), (None, False, True), ("x", False, False), ("", False, False)],
    ids=["absent", "absent, accepted", "another", "empty"],
)
def test_a_server_that_drops_the_nonce_is_used_where_the_site_says_so(nonce: str | None, required: bool, good: bool) -> None:
    with provider(registered(requires_nonce=required)) as ehr:
        ehr.claims = {"nonce": nonce}
        if good:
            assert ehr.finish().subject == "u-7"
        else:
            assert "nonce" in refusal(ehr)


USERS: dict[str, tuple[dict[str, Any], str]] = {
    "relative": ({"fhirUser": "Practitioner/7"}, "Practitioner/7"),
    "absolute": ({"fhirUser": f"{BASE}/PractitionerRole/a.b-c"}, "PractitionerRole/a.b-c"),
    "absolute in other letters": ({"fhirUser": "HTTPS://EHR.example:443/fhir/r4/Practitioner/7"}, "Practitioner/7"),
    "patient": ({"fhirUser": "Patient/p1"}, "Patient/p1"),
    "as in version 1": ({"fhirUser": None, "profile": "Practitioner/7"}, "Practitioner/7"),
    "a page of the person": ({"fhirUser": None, "profile": "https://social.example/ann"}, ""),
    "none": ({"fhirUser": None}, ""),
    "elsewhere": ({"fhirUser": "https://evil.example/fhir/Practitioner/7"}, ""),
    "prefix of the base": ({"fhirUser": "https://ehr.example/fhir/r45/Practitioner/7"}, ""),
    "below another path": ({"fhirUser": "x/Practitioner/7"}, ""),
    "from the root": ({"fhirUser": "/Practitioner/7"}, ""),
    "dot segments": ({"fhirUser": f"{BASE}/x/../Practitioner/7"}, ""),
    "a device": ({"fhirUser": "Device/7"}, ""),
    "a version": ({"fhirUser": "Practitioner/7/_history/1"}, ""),
    "a query": ({"fhirUser": "Practitioner/7?x=1"}, ""),
    "a line end": ({"fhirUser": "Practitioner/7\n"}, ""),
    "an id too long": ({"fhirUser": "Practitioner/" + "7" * 65}, ""),
    "no text": ({"fhirUser": {"reference": "Practitioner/7"}}, ""),
}


@pytest.mark.parametrize(("claims", "user"), USERS.values(), ids=USERS.keys())
def test_the_person_is_a_resource_of_the_ehr_or_none(claims: dict[str, Any], user: str) -> None:
    with provider() as ehr:
        ehr.claims = claims
        assert ehr.finish().fhir_user == user


def test_a_practices_provider_names_no_resource_of_an_ehr() -> None:
    with provider(practice()) as site:
        assert site.finish().fhir_user == ""


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": None, "preferred_username": "ann"}, "ann"),
        ({"name": "Ann\r\n\u202eLee"}, "AnnLee"),
        ({"name": ["Ann"]}, ""),
        ({"name": "a" * 300}, "a" * 200),
    ],
)
def test_a_name_is_printable_and_short(claims: dict[str, Any], name: str) -> None:
    with provider() as ehr:
        ehr.claims = claims
        assert ehr.finish().name == name
