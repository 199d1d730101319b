"""What an authorization server publishes: where it is looked for, what is believed, and how long."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from fhir_coder.errors import ConfigurationError, LaunchFailed, LaunchRefused, LaunchUnavailable
from fhir_coder.smart.discovery import OAUTH_URIS
from fhir_coder.smart.launch.server import DISCOVERY_LASTS_S, FAILURE_LASTS_S
from tests.smart.launch.provider import (
    AUTHORIZE,
    BASE,
    CALLBACK,
    DOCUMENT,
    ISSUER,
    JWKS,
    METADATA,
    OPENID,
    OPENID_OF_BASE,
    SMART,
    TOKEN,
    Provider,
    practice,
    provider,
    registered,
    without,
)

OLD = {"requires_listed_pkce": False}


def statement(**uris: Any) -> dict[str, Any]:
    parts = [{"url": name, "valueUri": url} for name, url in uris.items()]
    return {"resourceType": "CapabilityStatement", "rest": [{"security": {"extension": [{"url": OAUTH_URIS, "extension": parts}]}}]}


def refusal(ehr: Provider) -> LaunchRefused:
    with pytest.raises(LaunchRefused) as caught:
        ehr.begin(launch="xyz" if ehr.registration.is_smart else "")
    return caught.value


def test_what_is_published_is_kept_for_an_hour() -> None:
    with provider() as ehr:
        for ehr.elapsed in (0.0, 1.0, DISCOVERY_LASTS_S):
            ehr.begin()
        assert len(ehr.asked(SMART)) == 1
        ehr.elapsed = DISCOVERY_LASTS_S + 1
        ehr.begin()
        assert len(ehr.asked(SMART)) == 2


def test_a_failure_is_not_asked_for_again_at_once() -> None:
    with provider() as ehr:
        ehr.mock.upsert("GET", SMART, status=503)
        for ehr.elapsed in (0.0, 1.0, FAILURE_LASTS_S):
            assert isinstance(refusal(ehr), LaunchUnavailable)
        assert len(ehr.asked(SMART)) == 1
        ehr.publish()
        ehr.elapsed = FAILURE_LASTS_S + 1
        ehr.begin()


def test_a_site_that_says_everything_needs_no_discovery() -> None:
    said = {"authorization_endpoint": AUTHORIZE, "token_endpoint": TOKEN, "jwks_uri": JWKS, "oidc_issuer": ISSUER}
    with provider(registered(**said)) as ehr:
        assert ehr.finish().subject == "u-7"
        assert {call.request.url for call in ehr.mock.calls} == {TOKEN, JWKS}


def test_what_a_site_says_comes_before_what_is_published() -> None:
    with provider(registered(token_endpoint=TOKEN)) as ehr:
        ehr.publish(token_endpoint="https://other.example/token")
        assert ehr.finish().subject == "u-7"


def test_keys_that_the_smart_configuration_leaves_out_are_those_of_its_issuer() -> None:
    with provider() as ehr:
        ehr.mock.upsert("GET", SMART, json=without(DOCUMENT | {"jwks_uri": None}))
        assert ehr.finish().subject == "u-7"
        assert len(ehr.asked(OPENID)) == 1


@pytest.mark.parametrize("missing", [None, 5], ids=["null", "a number"])
def test_a_member_that_says_nothing_does_not_hide_what_is_there(missing: object) -> None:
    with provider() as ehr:
        ehr.mock.upsert("GET", SMART, json=DOCUMENT | {"jwks_uri": missing})
        if missing is None:
            ehr.begin()
        else:
            assert "jwks_uri" in refusal(ehr).message


def test_an_issuer_that_the_smart_configuration_leaves_out_is_published_below_the_base() -> None:
    with provider() as ehr:
        ehr.mock.upsert("GET", SMART, json=without(DOCUMENT | {"issuer": None, "jwks_uri": None}))
        ehr.mock.add("GET", OPENID_OF_BASE, json={"issuer": ISSUER, "jwks_uri": JWKS})
        assert ehr.finish().id_issuer == ISSUER


@pytest.mark.parametrize("status", [404, 401, 406])
def test_an_old_ehr_says_it_in_its_capability_statement(status: int) -> None:
    with provider(registered(**OLD)) as ehr:
        ehr.mock.upsert("GET", SMART, status=status)
        ehr.mock.add("GET", METADATA, json=statement(authorize=AUTHORIZE, token=TOKEN))
        ehr.mock.add("GET", OPENID_OF_BASE, json={"issuer": ISSUER, "jwks_uri": JWKS})
        assert ehr.finish().subject == "u-7"


def test_an_old_ehr_is_refused_unless_the_site_accepts_it() -> None:
    with provider() as ehr:
        ehr.mock.upsert("GET", SMART, status=404)
        ehr.mock.add("GET", METADATA, json=statement(authorize=AUTHORIZE, token=TOKEN))
        ehr.mock.add("GET", OPENID_OF_BASE, json={"issuer": ISSUER, "jwks_uri": JWKS})
        assert "S256" in refusal(ehr).message


@pytest.mark.parametrize(
    "body",
    [
        {"rest": 5},
        {"rest": [{"security": 5}]},
        {"rest": [{"security": {"extension": [{"url": OAUTH_URIS, "extension": "x"}]}}]},
        {"rest": [{"security": {"extension": [{"url": "http://other.example", "extension": [{"url": "token", "valueUri": TOKEN}]}]}}]},
        statement(token=5, authorize=None),
        statement(register=AUTHORIZE),
    ],
)
def test_a_capability_statement_of_another_shape_says_nothing(body: dict[str, Any]) -> None:
    with provider(registered(**OLD)) as ehr:
        ehr.mock.upsert("GET", SMART, status=404)
        ehr.mock.add("GET", METADATA, json=body)
        ehr.mock.add("GET", OPENID_OF_BASE, json={"issuer": ISSUER, "jwks_uri": JWKS})
        assert isinstance(refusal(ehr), LaunchFailed)


PKCE = {
    "plain alone": (["plain"], True, False),
    "plain alone, accepted without a list": (["plain"], False, False),
    "an empty list": ([], True, False),
    "an empty list, accepted without": ([], False, False),
    "small letters": (["s256"], True, False),
    "text": ("S256", True, False),
    "no list": (None, True, False),
    "no list, accepted": (None, False, True),
    "both": (["plain", "S256"], True, True),
}


@pytest.mark.parametrize(("methods", "required", "good"), PKCE.values(), ids=PKCE.keys())
def test_a_server_without_s256_is_not_used(methods: object, required: bool, good: bool) -> None:
    with provider(registered(requires_listed_pkce=required)) as ehr:
        ehr.publish(code_challenge_methods_supported=methods)
        if good:
            assert ehr.begin()[0]["code_challenge_method"] == "S256"
        else:
            assert "S256" in refusal(ehr).message


@pytest.mark.parametrize(("methods", "good"), [(None, True), (["S256"], True), (["plain"], False)])
def test_a_provider_of_a_practice_may_leave_out_the_list(methods: object, good: bool) -> None:
    with provider(practice()) as site:
        site.publish(code_challenge_methods_supported=methods)
        if good:
            site.begin(launch="")
        else:
            assert "S256" in refusal(site).message


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint", "revocation_endpoint"])
@pytest.mark.parametrize(
    "url",
    [
        "http://auth.example/x",
        "//auth.example/x",
        "/x",
        "https://u@auth.example/x",
        "https://auth.example/x#f",
        "javascript:alert(1)",
        "https://a b",
    ],
)
def test_an_endpoint_that_is_not_protected_is_not_used(name: str, url: str) -> None:
    with provider() as ehr:
        ehr.publish(**{name: url})
        error = refusal(ehr)
    assert isinstance(error, LaunchFailed)
    assert name in error.message
    assert url not in error.message


def test_plain_http_is_for_this_machine() -> None:
    with provider() as ehr:
        ehr.publish(authorization_endpoint="http://127.0.0.1:9/authorize")
        assert ehr.flow.begin(ehr.registration, CALLBACK, "x")[0].startswith("http://127.0.0.1:9/authorize?")


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint"])
@pytest.mark.parametrize("value", [None, 5, ["https://auth.example"], ""])
def test_an_endpoint_that_is_not_told_is_named(name: str, value: object) -> None:
    with provider() as ehr:
        ehr.publish(**{name: value})
        assert name in refusal(ehr).message


@pytest.mark.parametrize("issuer", [None, "https://evil.example", f"{ISSUER}/", ISSUER.upper()])
def test_a_provider_that_names_another_issuer_is_not_used(issuer: str | None) -> None:
    with provider(practice()) as site:
        site.publish(issuer=issuer)
        assert "another issuer" in refusal(site).message


ANSWERS: dict[str, tuple[dict[str, Any], type[LaunchRefused]]] = {
    "page": ({"body": b"<html>sign in</html>", "content_type": "text/html"}, LaunchFailed),
    "list": ({"json": [DOCUMENT]}, LaunchFailed),
    "nothing": ({"body": b""}, LaunchFailed),
    "nested": ({"body": b"[" * 100_000}, LaunchFailed),
    "large": ({"json": DOCUMENT | {"more": "x" * 1024 * 1024}}, LaunchFailed),
    "redirect": ({"status": 302, "headers": {"Location": "https://evil.example/"}}, LaunchFailed),
    "busy": ({"status": 429}, LaunchUnavailable),
    "down": ({"status": 502}, LaunchUnavailable),
    "no connection": ({"body": requests.ConnectionError("refused")}, LaunchUnavailable),
    "no answer": ({"body": requests.Timeout("slow")}, LaunchUnavailable),
}


@pytest.mark.parametrize(("answer", "error"), ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("is_smart", [True, False], ids=["ehr", "practice"])
def test_an_answer_that_is_no_configuration_ends_the_sign_in(answer: dict[str, Any], error: type[LaunchRefused], is_smart: bool) -> None:
    with provider(registered() if is_smart else practice()) as one:
        one.mock.upsert("GET", SMART if is_smart else OPENID, **answer)
        if is_smart:
            one.mock.add("GET", OPENID_OF_BASE, status=404)
        assert type(refusal(one)) is error
        assert not [call for call in one.mock.calls if "evil" in str(call.request.url)]


def test_nothing_secret_goes_to_discovery(tmp_path: Any) -> None:
    path = tmp_path / "secret"
    path.write_text("s3cret", encoding="ascii")
    path.chmod(0o600)
    with provider(registered(auth="client_secret_basic", secret_file=str(path))) as ehr:
        ehr.begin()
        (request,) = ehr.asked(SMART)
    assert not {"Authorization", "Cookie"} & set(request.headers)
    assert "s3cret" not in str(request.headers) + str(request.body) + request.url


@pytest.mark.parametrize("url", ["http://coder.example/callback", "/callback", ""])
def test_people_do_not_come_back_over_plain_http(url: str) -> None:
    with provider() as ehr, pytest.raises(ConfigurationError):
        ehr.flow.begin(ehr.registration, url, "x")


@pytest.mark.parametrize("launch", ["a b", "a\r\nb", "ä", "x" * 4097])
def test_a_launch_that_no_ehr_gives_is_refused_and_nobody_is_asked(launch: str) -> None:
    with provider() as ehr:
        with pytest.raises(LaunchRefused, match="no launch context"):
            ehr.begin(launch=launch)
        assert not ehr.mock.calls


def test_a_base_with_a_slash_is_asked_at_the_same_address() -> None:
    from fhir_coder.smart.launch.registration import read_launch

    one = read_launch("north", "main", f"{BASE}/", {"client_id": "coder", "scope": "openid"})
    with provider(one) as ehr:
        assert ehr.begin()[0]["aud"] == f"{BASE}/"
        assert len(ehr.asked(SMART)) == 1
