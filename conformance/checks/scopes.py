"""Scopes: what a token must cover, whose data it opens, and how the lack of it is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from conformance.challenge import Challenge, bearer_challenge, challenges_of
from conformance.check import check
from conformance.credentials import CredentialsUnusable
from conformance.exchange import Answer
from conformance.intruding import GARBAGE, as_stranger, expect_refused, with_refused, with_token
from conformance.outcomes import expect_outcome
from conformance.smart_configuration import ask, claims, read_object
from conformance.target import Target
from conformance.verdict import Omitted, Skipped, expect
from conformance.visit import inline

ONCE = ("realm", "scope", "error", "error_description", "error_uri")
_LETTERS = {
    "scope": re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*"),
    "error": re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+"),
    "error_description": re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+"),
}
"""RFC 6750 section 3."""


@check
def narrow_is_refused(target: Target) -> None:
    """A token whose scope does not cover the operation does not come in."""
    expect_refused(with_refused(target, "narrow"), "a token whose scope does not cover the operation")


@check
def narrow_is_403(target: Target) -> None:
    """A token whose scope does not cover the operation is 403: who asks is known, and may not."""
    answer = with_refused(target, "narrow")
    expect(answer.status == 403, "HTTP 403 for a token whose scope does not cover the operation", answer)


@check
def narrow_is_challenged(target: Target) -> None:
    """The refusal of a token for lack of scope carries a Bearer challenge."""
    expect(bearer_challenge(with_refused(target, "narrow")).parameters, "a parameter after Bearer", "the scheme alone")


@check
def narrow_says_insufficient_scope(target: Target) -> None:
    """The challenge for lack of scope says insufficient_scope."""
    found = bearer_challenge(with_refused(target, "narrow"))
    expect(found["error"] == "insufficient_scope", 'error="insufficient_scope"', found["error"] or "no error in the challenge")


@check
def needed_scope_is_named(target: Target) -> None:
    """The challenge for lack of scope names the scope that is needed."""
    found = bearer_challenge(with_refused(target, "narrow"))
    expect(found["scope"], "scope in the challenge, with what the operation needs", "no scope in the challenge")


@check
def narrow_is_an_outcome(target: Target) -> None:
    """The refusal for lack of scope has an OperationOutcome: forbidden or security."""
    answer = with_refused(target, "narrow")
    expect_outcome(answer, answer.status if answer.status == 401 else 403, "forbidden", "security")


@check
def challenges_are_well_formed(target: Target) -> None:
    """Whatever is refused: no parameter of a challenge stands twice, and each has the letters that it may have."""
    target.require_guard()
    for answer in _refusals(target):
        for one in challenges_of(answer.headers.get("www-authenticate", "")):
            if one.scheme == "bearer":
                _expect_well_formed(one)


@check
def of_another_patient_is_refused(target: Target) -> None:
    """A token that is bound to another patient does not open this one's visit."""
    expect_refused(with_refused(target, "patient"), "a token that is bound to another patient")


@check
def of_another_patient_is_not_asked_to_sign_in(target: Target) -> None:
    """Another patient's token is 403, or 404 where the server does not tell what there is: a new token would not help."""
    answer = with_refused(target, "patient")
    expect(answer.status in {403, 404}, "HTTP 403 or 404 for a token that is bound to another patient", answer)
    expect_outcome(answer, answer.status, "forbidden", "security", "not-found", "suppressed")


@check
def v1_spelling(target: Target) -> None:
    """Scopes in the spelling of SMART 1 (Encounter.read) are understood."""
    _expect_admitted(target, "v1")


@check
def v2_spelling(target: Target) -> None:
    """Scopes in the spelling of SMART 2 (Encounter.r) are understood."""
    _expect_admitted(target, "v2")


def _expect_admitted(target: Target, spelling: str) -> None:
    target.require_guard()
    if spelling not in target.accepted:
        raise Skipped(f"give --accepted FILE with a token whose scopes are in the spelling of {spelling}, or --backend-services")
    _require_claimed(target, f"permission-{spelling}")
    try:
        headers = target.accepted[spelling]()
    except CredentialsUnusable as reason:
        raise Skipped(f"no token with scopes in the spelling of {spelling}: {reason}") from reason
    answer = target.code(inline(), is_known=False, headers=headers)
    expect(answer.status == 200, f"a token with scopes in the spelling of {spelling} to be taken", answer)


def _require_claimed(target: Target, capability: str) -> None:
    """Omitted where the SMART configuration lists capabilities and not this one."""
    answer = ask(target)
    document = read_object(answer) if answer.status == 200 else None
    if document is not None and not claims(document, capability):
        raise Omitted(f"the SMART configuration does not list {capability}")


def _refusals(target: Target) -> Iterator[Answer]:
    yield as_stranger(target)
    for token in GARBAGE.values():
        yield with_token(target, token)
    for why in target.refused:
        yield with_refused(target, why)


def _expect_well_formed(one: Challenge) -> None:
    twice = [name for name, count in Counter(name for name, _ in one.parameters).items() if count > 1 and name in ONCE]
    expect(not twice, "each parameter of the challenge once", f"{', '.join(twice)} more than once")
    for name, letters in _LETTERS.items():
        value = dict(one.parameters).get(name)
        expect(value is None or letters.fullmatch(value), f"{name} of the letters that RFC 6750 section 3 allows", ascii(value))
