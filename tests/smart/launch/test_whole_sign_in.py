"""A sign-in that works, from the launch to the person: what is sent, and what is kept."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jwt

from fhir_coder.errors import ConfigurationError, LaunchFailed, LaunchInvalid
from fhir_coder.smart.launch.launched import Launched, Pending
from fhir_coder.smart.signing_key import new_key
from tests.smart.launch.provider import (
    BASE,
    CALLBACK,
    CLIENT,
    DOCUMENT,
    END,
    ISSUER,
    NOW,
    REVOKE,
    SCOPE,
    TOKEN,
    practice,
    provider,
    registered,
)


def test_the_authorization_request_carries_what_smart_asks_for() -> None:
    with provider() as ehr:
        given, pending = ehr.begin()
    digest = hashlib.sha256(pending.verifier.encode()).digest()
    assert given == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "aud": BASE,
        "launch": "xyz",
    }
    assert len({pending.state, pending.nonce, pending.verifier}) == 3
    assert all(len(one) == 43 for one in (pending.state, pending.nonce, pending.verifier))  # 256 bits


def test_no_two_sign_ins_share_a_secret() -> None:
    with provider() as ehr:
        made = [pending for _, pending in (ehr.begin() for _ in range(20))]
    assert len({value for one in made for value in (one.state, one.nonce, one.verifier)}) == 60


@pytest.mark.parametrize("base", ["https://ehr.example/fhir/", "https://EHR.example/fhir"])
def test_aud_is_the_base_letter_for_letter(base: str) -> None:
    from fhir_coder.smart.launch.registration import read_launch

    with provider() as ehr:
        ehr.mock.add("GET", f"{base.rstrip('/')}/.well-known/smart-configuration", json=DOCUMENT)
        one = read_launch("north", "main", base, {"client_id": CLIENT, "scope": SCOPE})
        url, _ = ehr.made(one).begin(one, CALLBACK, "x")
    assert dict(parse_qsl(urlsplit(url).query))["aud"] == base


def test_a_standalone_launch_asks_for_context_and_not_for_the_ehrs() -> None:
    with provider(registered(scope="launch launch/patient openid fhirUser")) as ehr:
        given, _ = ehr.begin(launch="")
    assert given["scope"] == "launch/patient openid fhirUser"
    assert "launch" not in given


def test_an_ehr_launch_asks_for_launch_though_the_site_forgot_it() -> None:
    with provider(registered(scope="openid fhirUser")) as ehr:
        assert ehr.begin()[0]["scope"] == "launch openid fhirUser"


def test_a_query_of_the_authorization_endpoint_is_kept() -> None:
    with provider() as ehr:
        ehr.publish(authorization_endpoint=f"{ISSUER}/authorize?realm=a%20b")
        assert ehr.begin()[0]["realm"] == "a b"


@pytest.mark.parametrize("query", ["state=1", "a=b&redirect_uri=https%3A%2F%2Fevil.example", "request_uri=x"])
def test_an_authorization_endpoint_that_speaks_for_us_is_refused(query: str) -> None:
    with provider() as ehr:
        ehr.publish(authorization_endpoint=f"{ISSUER}/authorize?{query}")
        with pytest.raises(LaunchFailed, match="parameters of a sign-in"):
            ehr.begin()


def test_who_signed_in_is_known_with_the_context_of_the_launch() -> None:
    with provider() as ehr:
        ehr.answer = {"intent": "code-review", "fhirContext": [{"reference": "DocumentReference/9"}, "x"], "token_type": "bEARER"}
        ehr.claims = {"email": "ann@example.org", "groups": ["coders"]}
        launched = ehr.finish()
    assert (launched.tenant, launched.ehr, launched.issuer, launched.id_issuer) == ("north", "main", BASE, ISSUER)
    assert (launched.subject, launched.fhir_user, launched.name, launched.email) == ("u-7", "Practitioner/7", "Ann Lee", "ann@example.org")
    assert (launched.access_token, launched.refresh_token, launched.expires_at) == ("at-1", "rt-1", NOW + 3600)
    assert (launched.patient, launched.encounter, launched.intent) == ("p1", "e1", "code-review")
    assert launched.fhir_context == ({"reference": "DocumentReference/9"},)
    assert launched.need_patient_banner is False
    assert launched.claims["groups"] == ["coders"]
    assert launched.is_smart


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"encounter": None}, ("p1", "", False)),
        ({"patient": None, "encounter": None}, ("", "", False)),
        ({"patient": "Patient/p2", "need_patient_banner": True}, ("p2", "e1", True)),
        ({"need_patient_banner": None}, ("p1", "e1", True)),
        ({"need_patient_banner": "false"}, ("p1", "e1", True)),
    ],
    ids=["no encounter", "no context", "a reference", "no word on the banner", "a banner that is text"],
)
def test_a_context_that_is_not_there_is_empty_and_the_banner_is_shown(answer: dict, expected: tuple[str, str, bool]) -> None:
    with provider() as ehr:
        ehr.answer = answer
        launched = ehr.finish()
    assert (launched.patient, launched.encounter, launched.need_patient_banner) == expected


def test_the_scope_is_what_was_granted() -> None:
    with provider() as ehr:
        ehr.answer = {"scope": "openid patient/Encounter.r"}
        assert ehr.finish().scope == "openid patient/Encounter.r"
        ehr.answer = {"scope": None}
        assert ehr.finish().scope == SCOPE


@pytest.mark.parametrize("told", [None, 0, -5, "soon", True, 1e400], ids=["none", "zero", "negative", "words", "true", "endless"])
def test_a_token_of_untold_life_is_short(told: object) -> None:
    with provider() as ehr:
        ehr.answer = {"expires_in": told}
        assert ehr.finish().expires_at == NOW + 300


def test_a_practice_signs_in_at_its_own_provider() -> None:
    with provider(practice()) as site:
        given, _ = site.begin(launch="")
        launched = site.finish()
        asked = {call.request.url for call in site.mock.calls}
    assert "aud" not in given
    assert given["scope"] == "openid profile email"
    assert (launched.ehr, launched.patient, launched.fhir_user, launched.subject) == ("", "", "", "u-7")
    assert not launched.is_smart
    assert not any(url.startswith(BASE) for url in asked)


def test_a_practice_has_no_launch_context_to_give() -> None:
    with provider(practice()) as site, pytest.raises(LaunchInvalid):
        site.begin(launch="xyz")


def test_both_come_back_from_a_session_as_they_went_and_hide_their_secrets() -> None:
    with provider() as ehr:
        ehr.answer = {"fhirContext": [{"reference": "DocumentReference/9"}]}
        _, pending = ehr.begin(return_to="/review?x=1")
        launched = ehr.finish()
    assert Pending.of(json.loads(json.dumps(pending.members()))) == pending
    assert Launched.of(json.loads(json.dumps(launched.members()))) == launched
    assert not any(secret in repr(pending) for secret in (pending.state, pending.nonce, pending.verifier))
    assert not any(secret in repr(launched) for secret in ("at-1", "rt-1", launched.id_token))


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/review/7?tab=codes", True),
        ("/", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("https://evil.example/", False),
        ("review", False),
        ("/a\r\nSet-Cookie: x=1", False),
        ("/a\\b", False),
        ("javascript:alert(1)", False),
    ],
)
def test_a_return_path_is_ours_or_dropped(path: str, kept: bool) -> None:
    with provider() as ehr:
        assert ehr.begin(return_to=path)[1].return_to == (path if kept else "")


# --- how we prove who we are ---


def secret_file(folder: Path, secret: str) -> str:
    path = folder / "secret"
    path.write_text(f"{secret}\n", encoding="ascii")
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return str(path)


def test_a_public_client_names_itself_in_the_form() -> None:
    with provider() as ehr:
        _, pending = ehr.begin()
        ehr.flow.finish(pending, {"code": ["c-1"], "state": [pending.state]})
        assert ehr.form() == {
            "grant_type": "authorization_code",
            "code": "c-1",
            "redirect_uri": CALLBACK,
            "code_verifier": pending.verifier,
            "client_id": CLIENT,
        }
        assert "Authorization" not in ehr.asked(TOKEN)[0].headers


def test_a_secret_goes_in_the_header_encoded_as_the_standard_asks(tmp_path: Path) -> None:
    with provider(registered(client_id="a:b", auth="client_secret_basic", secret_file=secret_file(tmp_path, "s%c r"))) as ehr:
        ehr.claims = {"aud": "a:b"}
        ehr.finish()
        assert ehr.asked(TOKEN)[0].headers["Authorization"] == "Basic " + base64.b64encode(b"a%3Ab:s%25c+r").decode()
        assert not {"client_id", "client_secret"} & set(ehr.form())


def test_a_secret_goes_in_the_form(tmp_path: Path) -> None:
    with provider(registered(auth="client_secret_post", secret_file=secret_file(tmp_path, "s&c"))) as ehr:
        ehr.finish()
        assert (ehr.form()["client_id"], ehr.form()["client_secret"]) == (CLIENT, "s&c")
        assert "Authorization" not in ehr.asked(TOKEN)[0].headers


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_a_signed_assertion_is_made_for_each_request(tmp_path: Path, alg: str) -> None:
    key = new_key(tmp_path / "key.pem", alg)
    with provider(registered(auth="private_key_jwt", key=str(tmp_path / "key.pem"), kid="k1")) as ehr:
        ehr.flow.refresh(ehr.finish())
        forms = [dict(parse_qsl(one.body.decode())) for one in ehr.asked(TOKEN)]
    tokens = [jwt.decode(one["client_assertion"], key.secret, algorithms=[alg]) for one in forms]
    assert [one.header for one in tokens] == [{"alg": alg, "kid": "k1", "typ": "JWT"}] * 2
    assert {(one.claims["iss"], one.claims["sub"], one.claims["aud"]) for one in tokens} == {(CLIENT, CLIENT, TOKEN)}
    assert len({one.claims["jti"] for one in tokens}) == 2
    assert all(NOW < one.claims["exp"] <= NOW + 300 for one in tokens)
    assert not {"client_id", "client_secret"} & set(forms[0])


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [("s", 0o644, "chmod 600"), ("\n", 0o600, "no client secret"), ("a\nb", 0o600, "no client secret"), (None, 0o600, "no secret file")],
    ids=["others can read it", "empty", "two lines", "not there"],
)
def test_a_secret_file_that_cannot_be_used_stops_the_start(tmp_path: Path, content: str | None, mode: int, says: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content, encoding="ascii")
        path.chmod(mode)
    with provider() as ehr, pytest.raises(ConfigurationError, match=says):
        ehr.made(registered(auth="client_secret_post", secret_file=str(path)))


# --- signing out ---


def test_a_person_who_signs_out_goes_to_the_provider() -> None:
    with provider() as ehr:
        launched = ehr.finish()
        url = ehr.flow.end_session_url(launched, "https://coder.example/bye")
        assert url is not None
        assert url.startswith(f"{END}?")
        assert dict(parse_qsl(urlsplit(url).query)) == {
            "id_token_hint": launched.id_token,
            "client_id": CLIENT,
            "post_logout_redirect_uri": "https://coder.example/bye",
        }


def test_where_no_sign_out_is_offered_there_is_none() -> None:
    with provider() as ehr:
        ehr.publish(end_session_endpoint=None, revocation_endpoint=None)
        launched = ehr.finish()
        assert ehr.flow.end_session_url(launched) is None
        assert ehr.flow.revoke(launched) is False


@pytest.mark.parametrize(("status", "done"), [(200, True), (400, False), (503, False)])
def test_tokens_are_taken_back(status: int, done: bool) -> None:
    with provider() as ehr:
        ehr.mock.add("POST", REVOKE, status=status)
        launched = ehr.finish()
        assert ehr.flow.revoke(launched) is done
        assert dict(parse_qsl(ehr.asked(REVOKE)[0].body.decode())) == {
            "token": "rt-1",
            "token_type_hint": "refresh_token",
            "client_id": CLIENT,
        }
