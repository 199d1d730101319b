"""Tokens: who comes in, who does not, and how they are told."""

from __future__ import annotations

from conformance.challenge import bearer_challenge
from conformance.check import check
from conformance.intruding import GARBAGE, as_stranger, expect_refused, forged, good_token, with_refused, with_token
from conformance.outcomes import expect_outcome
from conformance.smart_configuration import require_tls
from conformance.target import OPERATION, Target, expect_success
from conformance.verdict import Skipped, expect
from conformance.visit import VISIT_ID, inline


@check
def good_token_comes_in(target: Target) -> None:
    """A valid token in the Authorization header opens the operation."""
    good_token(target)
    expect_success(target.code(inline()))


@check
def none_is_401(target: Target) -> None:
    """Without a token the operation is 401."""
    target.require_guard()
    answer = as_stranger(target)
    expect(answer.status == 401, "HTTP 401 without a token", answer)


@check
def none_wherever_the_operation_is(target: Target) -> None:
    """However the address of the operation is spelled, nobody comes in without a token."""
    target.require_guard()
    for end in (f"{VISIT_ID}/${OPERATION}", f"%24{OPERATION}", f"${OPERATION}/", f"${OPERATION}?_format=json"):
        answer = target.post(f"{target.base}/Encounter/{end}", inline(), is_known=False)
        expect_refused(answer, f"a call of Encounter/{end} without a token")


@check
def challenge_is_bearer(target: Target) -> None:
    """The 401 carries a challenge of scheme Bearer, with a parameter at least."""
    target.require_guard()
    found = bearer_challenge(as_stranger(target))
    expect(found.parameters, "a parameter after Bearer, such as realm", "the scheme alone")


@check
def no_error_without_a_token(target: Target) -> None:
    """Who sent no token made no error with it, and is told none."""
    target.require_guard()
    found = bearer_challenge(as_stranger(target))
    expect(not found["error"], "no error in the challenge where no token was sent", found["error"])


@check
def garbage_is_refused(target: Target) -> None:
    """A token that nobody made does not come in."""
    target.require_guard()
    for what, token in GARBAGE.items():
        expect_refused(with_token(target, token), f"a token that nobody made ({what})")


@check
def garbage_is_401_invalid_token(target: Target) -> None:
    """A token that nobody made is 401, and the challenge says invalid_token."""
    target.require_guard()
    for what, token in GARBAGE.items():
        answer = with_token(target, token)
        expect(answer.status == 401, f"HTTP 401 for a token that nobody made ({what})", answer)
        expect(bearer_challenge(answer)["error"] == "invalid_token", 'error="invalid_token"', answer.headers["www-authenticate"])


@check
def forged_is_refused(target: Target) -> None:
    """A token that was altered after it was made does not come in."""
    target.require_guard()
    for what, token in forged(good_token(target)).items():
        expect_refused(with_token(target, token), what)


@check
def expired_is_refused(target: Target) -> None:
    """A token that is over does not come in."""
    expect_refused(with_refused(target, "expired"), "a token that has expired")


@check
def expired_is_401_invalid_token(target: Target) -> None:
    """A token that is over is 401, and the challenge says invalid_token."""
    answer = with_refused(target, "expired")
    expect(answer.status == 401, "HTTP 401 for a token that has expired", answer)
    expect(bearer_challenge(answer)["error"] == "invalid_token", 'error="invalid_token"', answer.headers["www-authenticate"])


@check
def foreign_is_refused(target: Target) -> None:
    """A token that was made for another server does not come in."""
    expect_refused(with_refused(target, "foreign"), "a token with another audience")


@check
def foreign_is_401_invalid_token(target: Target) -> None:
    """A token that was made for another server is 401, and the challenge says invalid_token."""
    answer = with_refused(target, "foreign")
    expect(answer.status == 401, "HTTP 401 for a token with another audience", answer)
    expect(bearer_challenge(answer)["error"] == "invalid_token", 'error="invalid_token"', answer.headers["www-authenticate"])


@check
def two_tokens_are_refused(target: Target) -> None:
    """Two tokens in one request, in the header or by two methods, do not come in, even where both are good."""
    target.require_guard()
    token = good_token(target)
    for what, header in {
        "two good tokens": f"Bearer {token}, Bearer {token}",
        "two tokens after one scheme": f"Bearer {token} {token}",
    }.items():
        answer = target.code(inline(), headers={"Authorization": header})
        expect(answer.status in {400, 401}, f"HTTP 400 or 401 for {what}", answer)
    answer = target.code(inline(), query={"access_token": token})
    expect(answer.status in {400, 401}, "HTTP 400 or 401 for a token in header and address", answer)


@check
def address_is_no_place_for_a_token(target: Target) -> None:
    """A token in the address opens nothing: addresses are logged and kept."""
    target.require_guard()
    answer = target.code(inline(), query={"access_token": good_token(target)}, is_known=False)
    expect_refused(answer, "a token in the address")


@check
def other_schemes_are_refused(target: Target) -> None:
    """A good token under another scheme, or under none, does not come in."""
    target.require_guard()
    token = good_token(target)
    for header in ("Basic {}", "Token {}", "{}", "Bearer{}", "Bearer token={}"):
        answer = target.code(inline(), headers={"Authorization": header.format(token)})
        expect_refused(answer, f"a token sent as '{header.format('TOKEN')}'")


@check
def scheme_in_any_case(target: Target) -> None:
    """The scheme may be written in any case."""
    target.require_guard()
    token = good_token(target)
    for scheme in ("bearer", "BEARER"):
        answer = target.code(inline(), headers={"Authorization": f"{scheme} {token}"})
        expect(answer.status == 200, f"the scheme written {scheme} to be taken", answer)


@check
def body_is_not_judged_first(target: Target) -> None:
    """Who may not call learns nothing about what they sent: it is 401 whatever the body."""
    target.require_guard()
    for what, body in {"no JSON": "{", "nothing": "", "another resource": '{"resourceType": "Patient"}'}.items():
        answer = target.post(f"Encounter/${OPERATION}", body, is_known=False, headers={"Content-Type": "application/fhir+json"})
        expect(answer.status == 401, f"HTTP 401 where the body is {what} and there is no token", answer)


@check
def none_is_an_outcome(target: Target) -> None:
    """The 401 for want of a token has an OperationOutcome that says login."""
    target.require_guard()
    expect_outcome(as_stranger(target), 401, "login")


@check
def garbage_is_an_outcome(target: Target) -> None:
    """A token that proves nothing is told in an OperationOutcome: login, unknown or security."""
    target.require_guard()
    for token in GARBAGE.values():
        expect_outcome(with_token(target, token), 401, "login", "unknown", "security")


@check
def expired_is_an_outcome(target: Target) -> None:
    """A token that is over is told in an OperationOutcome: login or expired."""
    expect_outcome(with_refused(target, "expired"), 401, "login", "expired")


@check
def description_is_open(target: Target) -> None:
    """The CapabilityStatement is there for everyone."""
    answer = target.get("metadata", is_known=False)
    expect(
        answer.status == 200 and answer.resource["resourceType"] == "CapabilityStatement", "a CapabilityStatement without a token", answer
    )


@check
def definitions_are_open(target: Target) -> None:
    """The definition of the operation is there for everyone."""
    answer = target.get(f"OperationDefinition/{OPERATION}", is_known=False)
    if answer.status == 404:
        raise Skipped("the server does not give its OperationDefinition at [base]/OperationDefinition/code-encounter")
    expect(
        answer.status == 200 and answer.resource["resourceType"] == "OperationDefinition", "an OperationDefinition without a token", answer
    )


@check
def over_tls(target: Target) -> None:
    """The base is served over TLS 1.2 or later."""
    require_tls(target.base)
    answer = target.get("metadata", is_known=False)  # the kit itself speaks nothing older than TLS 1.2
    expect(answer.status == 200, "an answer over TLS 1.2 or later", answer)
