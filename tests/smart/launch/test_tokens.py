"""What the token endpoint answers to a code, and to a refresh."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import requests

from fhir_coder.errors import LaunchFailed, LaunchInvalid, LaunchRefused, LaunchUnavailable, SignedOut
from fhir_coder.smart.launch.launched import Launched
from tests.smart.launch.provider import NOW, SCOPE, TOKEN, Provider, practice, provider


def refused(ehr: Provider) -> LaunchRefused:
    with pytest.raises(LaunchRefused) as caught:
        ehr.finish()
    return caught.value


def oauth(code: object, **more: object) -> dict[str, Any]:
    return {"status": 400, "json": {"error": code, **more}}


ANSWERS: dict[str, tuple[dict[str, Any], type[LaunchRefused]]] = {
    "code used before": (oauth("invalid_grant"), LaunchInvalid),
    "client not known": ({"status": 401, "json": {"error": "invalid_client"}}, LaunchFailed),
    "not allowed": (oauth("unauthorized_client"), LaunchFailed),
    "an error of its own": (oauth("<b>evil</b>", error_description="evil words"), LaunchFailed),
    "an error that is no text": (oauth({"a": 1}), LaunchFailed),
    "a page": ({"status": 200, "body": "<html>evil</html>"}, LaunchFailed),
    "a page that says no": ({"status": 403, "body": "<html>evil</html>"}, LaunchFailed),
    "a list": ({"status": 200, "json": ["evil"]}, LaunchFailed),
    "nothing": ({"status": 200, "body": ""}, LaunchFailed),
    "nested": ({"status": 200, "body": "[" * 100_000}, LaunchFailed),
    "redirect": ({"status": 307, "headers": {"Location": "https://evil.example/token"}}, LaunchFailed),
    "redirect to itself": ({"status": 302, "headers": {"Location": TOKEN}}, LaunchFailed),
    "busy": ({"status": 429}, LaunchUnavailable),
    "down": ({"status": 503, "json": {"error": "invalid_grant"}}, LaunchUnavailable),
    "no connection": ({"body": requests.ConnectionError("evil")}, LaunchUnavailable),
    "slow": ({"body": requests.Timeout("evil")}, LaunchUnavailable),
}


@pytest.mark.parametrize(("answer", "kind"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_without_a_token_ends_the_sign_in_and_is_not_repeated(answer: dict[str, Any], kind: type[LaunchRefused]) -> None:
    with provider() as ehr:
        ehr.mock.remove("POST", TOKEN)
        ehr.mock.add("POST", TOKEN, **answer)
        error = refused(ehr)
        assert type(error) is kind
        assert "evil" not in error.message
        assert len(ehr.asked(TOKEN)) == 1  # a code is sent once
        assert not [call for call in ehr.mock.calls if "evil" in str(call.request.url)]


TOKENS: dict[str, dict[str, Any]] = {
    "no access token": {"access_token": None},
    "empty": {"access_token": ""},
    "a number": {"access_token": 5},
    "a blank": {"access_token": "a b"},
    "a line end": {"access_token": "a\r\nX-Evil: 1"},
    "other letters": {"access_token": "ä"},
    "too long": {"access_token": "x" * 65537},
    "no type": {"token_type": None},
    "another type": {"token_type": "DPoP"},
    "a type that is no text": {"token_type": ["Bearer"]},
    "a scope that is no text": {"scope": ["openid"]},
    "a refresh token that is no text": {"refresh_token": 7},
    "an id_token that is no text": {"id_token": {"sub": "u-7"}},
    "no id_token": {"id_token": None},
    "an empty id_token": {"id_token": ""},
    "a patient that is a number": {"patient": 7},
    "a patient that is empty": {"patient": ""},
    "a patient with a path": {"patient": "p1/../p2"},
    "a patient that is another type": {"patient": "Group/1"},
    "a patient elsewhere": {"patient": "https://evil.example/Patient/1"},
    "an encounter with a query": {"encounter": "e1?x=1"},
    "an encounter with a line end": {"encounter": "e1\n"},
    "two patients": {"patient": ["p1", "p2"]},
}


@pytest.mark.parametrize("answer", TOKENS.values(), ids=TOKENS.keys())
def test_a_token_answer_that_is_malformed_signs_nobody_in(answer: dict[str, Any]) -> None:
    with provider() as ehr:
        ehr.answer = answer
        assert type(refused(ehr)) is LaunchFailed


def test_a_practices_provider_has_no_say_on_patients() -> None:
    with provider(practice()) as site:
        site.answer = {"patient": "p1/../p2"}
        assert site.finish().patient == ""


def test_a_good_token_in_too_large_an_answer_is_not_read() -> None:
    with provider() as ehr:
        ehr.answer = {"more": "x" * 1024 * 1024}
        assert "larger than" in refused(ehr).message


def test_a_token_comes_with_status_200() -> None:
    with provider() as ehr:
        ehr.status = 201
        assert "201" in refused(ehr).message


# --- refresh ---


def signed_in(ehr: Provider) -> Launched:
    launched = ehr.finish()
    ehr.answer = {"access_token": "at-2", "refresh_token": "rt-2", "scope": "openid", "id_token": None, "patient": None, "encounter": None}
    ehr.now += 3000
    return launched


def test_a_refresh_gives_the_same_person_a_new_token_and_rotates() -> None:
    with provider() as ehr:
        before = signed_in(ehr)
        after = ehr.flow.refresh(before)
        assert ehr.form() == {"grant_type": "refresh_token", "refresh_token": "rt-1", "client_id": "coder"}
    assert after == replace(before, access_token="at-2", refresh_token="rt-2", scope="openid", expires_at=NOW + 6600)
    assert (after.patient, after.encounter, after.fhir_user) == ("p1", "e1", "Practitioner/7")


def test_what_a_refresh_leaves_out_is_kept() -> None:
    with provider() as ehr:
        before = signed_in(ehr)
        ehr.answer |= {"refresh_token": None, "scope": None}
        after = ehr.flow.refresh(before)
    assert (after.refresh_token, after.scope, after.id_token) == ("rt-1", SCOPE, before.id_token)


@pytest.mark.parametrize("has_nonce", [True, False])
def test_a_refresh_may_bring_a_new_id_token(has_nonce: bool) -> None:
    with provider() as ehr:
        before = signed_in(ehr)
        if not has_nonce:
            ehr.claims = {"nonce": None}
        ehr.answer |= {"id_token": ehr.id_token()}
        after = ehr.flow.refresh(before)
    assert after.id_token != before.id_token
    assert after.subject == "u-7"


OTHERS: dict[str, dict[str, Any]] = {
    "subject": {"sub": "u-8"},
    "issuer": {"iss": "https://evil.example"},
    "client": {"aud": "other"},
    "nonce": {"nonce": "x"},
    "time": {"exp": int(NOW) - 100},
}


@pytest.mark.parametrize("claims", OTHERS.values(), ids=OTHERS.keys())
def test_a_refresh_with_another_persons_id_token_is_refused(claims: dict[str, Any]) -> None:
    with provider() as ehr:
        before = signed_in(ehr)
        ehr.claims = claims
        ehr.answer |= {"id_token": ehr.id_token()}
        with pytest.raises(LaunchFailed):
            ehr.flow.refresh(before)


@pytest.mark.parametrize("context", [{"patient": "p2"}, {"encounter": "e2"}, {"patient": "p1", "encounter": "e9"}])
def test_a_refresh_for_another_patient_is_refused(context: dict[str, str]) -> None:
    with provider() as ehr:
        before = signed_in(ehr)
        ehr.answer |= context
        with pytest.raises(LaunchFailed, match="another patient"):
            ehr.flow.refresh(before)


def test_a_refresh_that_repeats_the_context_is_fine() -> None:
    with provider() as ehr:
        before = signed_in(ehr)
        ehr.answer |= {"patient": "p1", "encounter": "e1"}
        assert ehr.flow.refresh(before).access_token == "at-2"


def test_a_refresh_that_brings_a_patient_where_there_was_none_is_refused() -> None:
    with provider() as ehr:
        ehr.answer = {"patient": None, "encounter": None}
        before = ehr.finish()
        ehr.answer = {"patient": "p1"}
        with pytest.raises(LaunchFailed, match="another patient"):
            ehr.flow.refresh(before)


REFUSALS: dict[str, tuple[dict[str, Any], type[LaunchRefused]]] = {
    "ended": (oauth("invalid_grant"), SignedOut),
    "client": (oauth("invalid_client"), LaunchFailed),
    "down": ({"status": 503}, LaunchUnavailable),
    "redirect": ({"status": 302, "headers": {"Location": "https://evil.example/"}}, LaunchFailed),
}


@pytest.mark.parametrize(("answer", "kind"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refresh_that_fails_says_whether_the_person_is_gone(answer: dict[str, Any], kind: type[LaunchRefused]) -> None:
    with provider() as ehr:
        before = signed_in(ehr)
        ehr.mock.remove("POST", TOKEN)
        ehr.mock.add("POST", TOKEN, **answer)
        with pytest.raises(LaunchRefused) as caught:
            ehr.flow.refresh(before)
        assert type(caught.value) is kind


@pytest.mark.parametrize("change", [{"refresh_token": ""}, {"tenant": "south"}, {"ehr": "other"}, {"issuer": "https://other.example"}])
def test_a_refresh_goes_where_the_token_is_from_and_nowhere_else(change: dict[str, str]) -> None:
    with provider() as ehr:
        before = replace(signed_in(ehr), **change)
        sent = len(ehr.mock.calls)
        with pytest.raises(SignedOut):
            ehr.flow.refresh(before)
        assert len(ehr.mock.calls) == sent


def test_no_refusal_repeats_a_secret() -> None:
    with provider() as ehr:
        before = signed_in(ehr)
        ehr.mock.remove("POST", TOKEN)
        ehr.mock.add("POST", TOKEN, status=400, body=json.dumps({"error": "invalid_grant", "error_description": before.refresh_token}))
        with pytest.raises(SignedOut) as caught:
            ehr.flow.refresh(before)
    assert "rt-1" not in f"{caught.value.message}{caught.value.description}{caught.value!r}"
