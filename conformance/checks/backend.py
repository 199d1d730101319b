"""Backend Services: the server takes tokens that a program gets by its own key, and judges them by what they grant."""

from __future__ import annotations

from conformance.check import check
from conformance.credentials import BackendToken, CredentialsUnusable
from conformance.intruding import expect_refused
from conformance.target import Target, expect_success
from conformance.verdict import Skipped, expect
from conformance.visit import inline

UNRELATED = "system/Practitioner.rs"
"""A scope that has nothing to do with the operation."""


@check
def token_opens_the_operation(target: Target) -> None:
    """A token that the kit got by private_key_jwt opens the operation."""
    _token_of(target)
    expect_success(target.code(inline()))


@check
def token_is_taken_again(target: Target) -> None:
    """A token that the kit got by private_key_jwt is taken again until it is over."""
    before, _ = _token_of(target)(), target.code(inline())
    answer = target.code(inline())
    expect(answer.status == 200, "200 with the same token a second time", answer)
    if before != target.authorize():
        raise Skipped("the token was renewed meanwhile")


@check
def fresh_token_is_taken(target: Target) -> None:
    """A token that was got a moment ago is taken as well as the first."""
    fresh = _token_of(target).renewed()
    expect(target.code(inline(), is_known=False, headers=fresh).status == 200, "200 with another token of the same client", "a refusal")


@check
def unrelated_scope_is_refused(target: Target) -> None:
    """A token of the same client for other data does not open the operation."""
    try:
        headers = _token_of(target).for_scope(UNRELATED)()
    except CredentialsUnusable as reason:
        raise Skipped(f"the authorization server gives this client nothing for {UNRELATED}") from reason
    expect_refused(target.code(inline(), is_known=False, headers=headers), f"a token for {UNRELATED} alone")


def _token_of(target: Target) -> BackendToken:
    if not isinstance(target.authorize, BackendToken):
        raise Skipped("give --backend-services: the kit then asks for its tokens itself")
    return target.authorize
