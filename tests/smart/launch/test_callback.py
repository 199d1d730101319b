"""What a browser brings back: nothing is asked of anybody before it is known to be this sign-in's."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_coder.errors import LaunchDenied, LaunchInvalid, LaunchRefused, LaunchUnavailable
from fhir_coder.smart.launch.flow import PENDING_LASTS_S, read_state
from tests.smart.launch.provider import ISSUER, TOKEN, Provider, changed, practice, provider, registered

ADVERTISED = {"authorization_response_iss_parameter_supported": True}


def refused(ehr: Provider, **query: Any) -> LaunchRefused:
    """The refusal; no code was sent anywhere."""
    with pytest.raises(LaunchRefused) as caught:
        ehr.finish(**query)
    assert not ehr.asked(TOKEN)
    return caught.value


NOT_OURS: dict[str, dict[str, Any]] = {
    "no state": {"state": None},
    "empty state": {"state": ""},
    "other state": {"state": "x" * 43},
    "state in other letters": {"state": "ä\ud800"},
    "no code": {"code": None},
    "empty code": {"code": ""},
    "long code": {"code": "c" * 4097},
    "line end in the code": {"code": "c\r\nX-Evil: 1"},
    "code in other letters": {"code": "cä"},
    "two codes": {"code": ["c-1", "c-2"]},
    "one code twice": {"code": ["c-1", "c-1"]},
    "two states": {"state": ["a", "b"]},
    "an error and another": {"error": ["access_denied", "x"]},
    "two of what nobody knows": {"session_state": ["1", "2"]},
    "a parameter without a value": {"session_state": []},
    "another issuer": {"iss": "https://evil.example"},
    "an issuer with a slash": {"iss": f"{ISSUER}/"},
    "an empty issuer": {"iss": ""},
    "another issuer's error": {"iss": "https://evil.example", "error": "access_denied", "code": None},
    "another sign-in's error": {"state": "x", "error": "access_denied", "code": None},
}


@pytest.mark.parametrize("query", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_an_answer_that_is_not_this_sign_ins_is_refused(query: dict[str, Any]) -> None:
    with provider() as ehr:
        assert type(refused(ehr, **query)) is LaunchInvalid


@pytest.mark.parametrize("iss", [None, "https://evil.example", "https://ehr.example/fhir/r4"])
def test_a_server_that_names_itself_in_its_answers_must(iss: str | None) -> None:
    with provider() as ehr:
        ehr.publish(**ADVERTISED)
        assert "another authorization server" in refused(ehr, iss=iss).message


@pytest.mark.parametrize("is_advertised", [True, False])
def test_its_own_name_is_accepted(is_advertised: bool) -> None:
    with provider() as ehr:
        ehr.publish(**(ADVERTISED if is_advertised else {}))
        assert ehr.finish(iss=ISSUER).subject == "u-7"


def test_what_is_not_known_is_passed_over() -> None:
    with provider() as ehr:
        assert ehr.finish(session_state="abc").subject == "u-7"


ERRORS = {
    "access_denied": LaunchDenied,
    "invalid_scope": LaunchDenied,
    "login_required": LaunchDenied,
    "temporarily_unavailable": LaunchUnavailable,
    "server_error": LaunchUnavailable,
}


@pytest.mark.parametrize(("code", "kind"), ERRORS.items())
def test_an_error_is_told_by_its_code(code: str, kind: type[LaunchRefused]) -> None:
    with provider() as ehr:
        error = refused(ehr, error=code, error_description="You may not.", code=None)
    assert type(error) is kind
    assert (error.oauth_error, error.description) == (code, "You may not.")
    assert code in error.message
    assert "You may not" not in error.message


def test_an_error_with_a_code_is_an_error() -> None:
    with provider() as ehr:
        assert type(refused(ehr, error="access_denied")) is LaunchDenied


def test_an_error_of_nobodys_standard_is_not_repeated() -> None:
    with provider() as ehr:
        error = refused(ehr, error="<script>alert(1)</script>", code=None)
    assert type(error) is LaunchDenied
    assert error.oauth_error == ""
    assert "script" not in error.message


def test_the_words_of_an_error_are_printable_and_short() -> None:
    with provider() as ehr:
        error = refused(ehr, error="access_denied", error_description="a\r\n\x1b[31m\u202e\u200b" + "b" * 1000, code=None)
    assert error.description == "a[31m" + "b" * 195


@pytest.mark.parametrize(("later", "good"), [(0.0, True), (PENDING_LASTS_S, True), (PENDING_LASTS_S + 1, False), (-61.0, False)])
def test_a_sign_in_is_open_for_ten_minutes(later: float, good: bool) -> None:
    with provider() as ehr:
        _, pending = ehr.begin()
        query = {"code": ["c-1"], "state": [pending.state]}
        ehr.now += later
        if good:
            assert ehr.flow.finish(pending, query).subject == "u-7"
        else:
            with pytest.raises(LaunchInvalid, match="too long"):
                ehr.flow.finish(pending, query)
            assert not ehr.asked(TOKEN)


@pytest.mark.parametrize("now", [(), (registered(client_id="coder"),), (practice(),)], ids=["nothing", "same", "practice"])
def test_a_sign_in_whose_place_is_not_configured_any_more_ends(now: tuple[Any, ...]) -> None:
    with provider() as ehr:
        _, pending = ehr.begin()
        query = {"code": ["c-1"], "state": [pending.state]}
        flow = ehr.made(*now)
        if now == (registered(client_id="coder"),):
            assert flow.finish(pending, query).subject == "u-7"
            return
        with pytest.raises(LaunchInvalid, match="not configured"):
            flow.finish(pending, query)


def test_a_sign_in_does_not_end_at_another_base() -> None:
    with provider() as ehr:
        _, pending = ehr.begin()
        flow = ehr.made(changed(ehr.registration, issuer="https://other.example/fhir"))
        with pytest.raises(LaunchInvalid, match="not configured"):
            flow.finish(pending, {"code": ["c-1"], "state": [pending.state]})
        assert not ehr.asked(TOKEN)


@pytest.mark.parametrize(
    ("query", "state"),
    [({"state": ["a"]}, "a"), ({}, ""), ({"state": []}, ""), ({"state": ["a", "b"]}, "")],
    ids=["one", "none", "empty", "two"],
)
def test_the_state_by_which_a_sign_in_is_looked_up_is_one(query: dict[str, list[str]], state: str) -> None:
    assert read_state(query) == state
