"""The issuer's keys: which are used, when they are asked for, and what an issuer that fails or misleads brings about."""

from __future__ import annotations

import itertools
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
import responses

from fhir_coder.smart import key_fetching
from fhir_coder.smart.key_fetching import KeysUnavailable, fetch_keys, read_keys
from fhir_coder.smart.keys import KEYS_LAST_S, REFRESH_INTERVAL_S, IssuerKeys, read_key_set
from tests.smart.issuer import OTHER_P384, OTHER_RSA, P256, P384, RSA, key_set, public

URL = "https://auth.example/jwks.json"


class Source:
    """Gives key sets one after the other, the last one for good; None is an issuer that does not answer."""

    def __init__(self, *sets: bytes | None) -> None:
        self._sets = list(sets)
        self.asked = 0
        self.now = 0.0
        self.keys = IssuerKeys(self._give, lambda: self.now)

    def _give(self) -> bytes:
        self.asked += 1
        content = self._sets.pop(0) if len(self._sets) > 1 else self._sets[0]
        if content is None:
            raise KeysUnavailable("down")
        return content


def test_nothing_is_asked_before_a_token_comes() -> None:
    assert Source(key_set()).asked == 0


@pytest.mark.parametrize(
    ("kid", "algorithm", "is_found"),
    [
        ("rsa", "RS256", True),
        ("rsa", "RS384", True),
        ("p256", "ES256", True),
        ("p384", "ES384", True),
        ("rsa", "ES256", False),
        ("p256", "ES384", False),
        ("p384", "RS256", False),
        ("other", "RS256", False),
        ("", "RS256", False),
        (None, "RS256", True),
        (None, "ES384", True),
    ],
)
def test_a_key_is_found_by_its_id_and_algorithm(kid: str | None, algorithm: str, is_found: bool) -> None:
    assert (Source(key_set()).keys.find(kid, algorithm) is not None) == is_found


@pytest.mark.parametrize("kid", [None, "same"])
def test_of_two_keys_that_suit_none_is_guessed(kid: str | None) -> None:
    assert Source(key_set(public("same", RSA), public("same", OTHER_RSA))).keys.find(kid, "RS256") is None


def test_a_key_that_is_made_for_one_algorithm_proves_no_other() -> None:
    keys = Source(key_set(public("k", RSA, alg="RS384"))).keys
    assert keys.find("k", "RS256") is None
    assert keys.find("k", "RS384") is not None


@pytest.mark.parametrize(
    "row",
    [
        public("k", RSA, use="enc"),
        public("k", RSA, key_ops=["encrypt"]),
        public("k", RSA, key_ops="verify"),
        public("k", RSA, n="AQAB"),
        public("k", RSA, n=7),
        public("k", RSA, e=None),
        {"kid": "k", "kty": "oct", "k": "c2VjcmV0"},
        {"kid": "k", "kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kid": "k", "kty": ["RSA"]},
        {"kid": "k"},
        RSA.as_dict(private=True) | {"kid": "k"},
        public("k", P256, crv="P-999"),
        public("k", P256, x="!"),
        "k",
        None,
    ],
    ids=itertools.count(),  # keys are made anew in each process: their letters are no names
)
def test_a_row_that_is_no_usable_key_is_passed_over(row: Any) -> None:
    assert [one.kid for one in read_key_set(key_set(row, public("good", P384)))] == ["good"]


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{}", b'{"keys": 1}', b'{"keys": null}', b"\xff", b"<html>", b"[" * 100_000])
def test_what_is_no_key_set_is_told_from_an_empty_one(content: bytes) -> None:
    with pytest.raises(KeysUnavailable):
        read_key_set(content)


def test_a_flood_of_unknown_ids_asks_the_issuer_once_in_the_interval() -> None:
    source = Source(key_set())
    source.keys.find("rsa", "RS256")
    source.now = REFRESH_INTERVAL_S + 1
    assert [source.keys.find(f"unknown-{number}", "RS256") for number in range(500)] == [None] * 500
    assert source.asked == 2
    assert source.keys.find("rsa", "RS256") is not None


def test_nobody_waits_for_a_slow_issuer_who_knows_keys() -> None:
    asked, answer, answers = threading.Event(), threading.Event(), [True, False]

    def give() -> bytes:
        if not answers.pop(0):
            asked.set()
            assert answer.wait(10)
        return key_set()

    now = [0.0]
    keys = IssuerKeys(give, lambda: now[0])
    assert keys.find("rsa", "RS256")
    now[0] = REFRESH_INTERVAL_S
    waiting = threading.Thread(target=keys.find, args=("unknown", "RS256"))
    waiting.start()
    try:
        assert asked.wait(10)
        assert keys.find("other", "RS256") is None
        assert keys.find("rsa", "RS256")
    finally:
        answer.set()
        waiting.join()


def test_a_new_key_is_found_by_asking_again() -> None:
    source = Source(key_set(public("old", P384)), key_set(public("old", P384), public("new", OTHER_P384)))
    assert source.keys.find("old", "ES384")
    assert source.keys.find("new", "ES384") is None
    source.now = REFRESH_INTERVAL_S
    assert source.keys.find("new", "ES384")


def test_a_withdrawn_key_is_forgotten() -> None:
    source = Source(key_set(public("old", P384)), key_set(public("new", OTHER_P384)))
    assert source.keys.find("old", "ES384")
    source.now = KEYS_LAST_S + 1
    assert source.keys.find("old", "ES384") is None


def test_known_keys_hold_while_the_issuer_does_not_answer() -> None:
    source = Source(key_set(), None)
    assert source.keys.find("rsa", "RS256")
    source.now = KEYS_LAST_S + 1
    assert source.keys.find("rsa", "RS256")


def test_an_issuer_that_was_down_is_asked_again_after_the_interval(caplog: pytest.LogCaptureFixture) -> None:
    source = Source(None, key_set())
    with caplog.at_level(logging.WARNING):
        assert source.keys.find("rsa", "RS256") is None
    assert source.keys.find("rsa", "RS256") is None
    assert (source.asked, "signing keys could not be read" in caplog.text) == (1, True)
    source.now = REFRESH_INTERVAL_S
    assert source.keys.find("rsa", "RS256")


@responses.activate
def test_a_key_set_is_fetched_from_its_url() -> None:
    responses.get(URL, body=key_set())
    assert fetch_keys(URL) == key_set()


@responses.activate
def test_a_redirect_is_not_followed() -> None:
    responses.get(URL, status=302, headers={"Location": "https://evil.example/jwks.json"})
    elsewhere = responses.get("https://evil.example/jwks.json", body=key_set())
    with pytest.raises(KeysUnavailable, match="302"):
        fetch_keys(URL)
    assert elsewhere.call_count == 0


@responses.activate
@pytest.mark.parametrize(
    "answer", [{"status": 500}, {"status": 404}, {"body": b" " * (key_fetching.MAX_BYTES + 1)}, {"body": ConnectionError()}]
)
def test_an_answer_that_is_none_or_too_large_is_refused(answer: dict[str, Any]) -> None:
    responses.get(URL, **answer)
    with pytest.raises(KeysUnavailable):
        fetch_keys(URL)


def test_a_file_that_is_not_there_is_told_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(KeysUnavailable) as caught:
        read_keys(str(tmp_path / "none.json"))
    assert str(tmp_path) not in str(caught.value)
