"""WWW-Authenticate as servers write it."""

from __future__ import annotations

import pytest

from conformance.challenge import bearer_challenge, challenges_of
from conformance.exchange import Answer
from conformance.verdict import Unsatisfied


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", []),
        ("Bearer", [("bearer", {})]),
        ('Bearer realm="x"', [("bearer", {"realm": "x"})]),
        ('bEARER Realm="a, b", error=invalid_token', [("bearer", {"realm": "a, b", "error": "invalid_token"})]),
        (r'Bearer realm="a \"b\" c"', [("bearer", {"realm": 'a "b" c'})]),
        ('Basic realm="x", Bearer scope="a b", error = "e"', [("basic", {"realm": "x"}), ("bearer", {"scope": "a b", "error": "e"})]),
        ("Negotiate, Bearer realm=x", [("negotiate", {}), ("bearer", {"realm": "x"})]),
        ('realm="x"', []),
    ],
)
def test_challenges_are_read(header: str, found: list[tuple[str, dict[str, str]]]) -> None:
    assert [(one.scheme, dict(one.parameters)) for one in challenges_of(header)] == found


def test_a_parameter_that_stands_twice_is_seen_twice() -> None:
    (one,) = challenges_of('Bearer error="a", error="b"')
    assert one.parameters == (("error", "a"), ("error", "b"))


@pytest.mark.parametrize("headers", [{}, {"www-authenticate": 'Basic realm="x"'}, {"www-authenticate": "§"}])
def test_another_scheme_is_no_bearer_challenge(headers: dict[str, str]) -> None:
    with pytest.raises(Unsatisfied, match="scheme Bearer"):
        bearer_challenge(Answer("POST", 401, headers, b"", 0.0))
