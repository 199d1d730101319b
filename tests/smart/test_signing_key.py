"""Private keys: whose they are, what they are good for, and what of them is shown."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from fhir_coder.errors import ConfigurationError
from fhir_coder.smart.signing_key import key_set, load_key, new_key

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}


def private(path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
@pytest.mark.parametrize("umask", [0o000, 0o377])
def test_a_new_key_is_its_owners_alone(tmp_path: Path, alg: str, umask: int) -> None:
    before = os.umask(umask)
    try:
        key = new_key(tmp_path / "key", alg)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    again = load_key(str(tmp_path / "key"))
    assert (again.alg, again.kid, again.public()) == (alg, key.kid, key.public())


def test_a_new_key_replaces_nothing(tmp_path: Path) -> None:
    kept = private(tmp_path / "key", "mine")
    with pytest.raises(ConfigurationError, match="exists"):
        new_key(tmp_path / "key", "ES384")
    assert Path(kept).read_text() == "mine"


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_a_public_key_has_what_a_verifier_needs_and_nothing_private(tmp_path: Path, alg: str) -> None:
    secret = ECKey.generate_key("P-384") if alg == "ES384" else RSAKey.generate_key(2048)
    jwk = secret.as_dict(private=True) | {"kid": "north-1", "use": "sig", "key_ops": ["sign"], "k": "private", "x5c": ["private"]}
    key = load_key(private(tmp_path / "key.json", json.dumps(jwk)))
    public = key_set([key])["keys"][0]
    assert {"kty": jwk["kty"], "kid": "north-1", "alg": alg, "use": "sig"}.items() <= public.items()
    assert not PRIVATE & set(public)
    assert set(public) == {"kty", "kid", "alg", "use"} | ({"crv", "x", "y"} if alg == "ES384" else {"n", "e"})
    assert jwk["d"] not in repr(key)


def test_the_configured_name_of_a_key_wins(tmp_path: Path) -> None:
    new_key(tmp_path / "key", "ES384")
    assert load_key(str(tmp_path / "key"), kid="north").public()["kid"] == "north"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644])
def test_a_key_that_others_can_reach_is_not_used(tmp_path: Path, mode: int) -> None:
    new_key(tmp_path / "key", "ES384")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_key(str(tmp_path / "key"))


def unfit() -> dict[str, Any]:
    rsa, ec = RSAKey.generate_key(2048), ECKey.generate_key("P-384")
    return {
        "nothing": b"",
        "text": b"secret-words",
        "not ASCII": b"\xff\xfe",
        "a list": b"[]",
        "half an object": b'{"kty": "EC", "d": "secret-words"',
        "public PEM": rsa.as_pem(private=False),
        "public JWK": json.dumps(ec.as_dict(private=False)),
        "passphrase": ec.as_pem(private=True, password="secret-words"),
        "symmetric": json.dumps({"kty": "oct", "k": "secret-words"}),
        "another curve": ECKey.generate_key("P-256").as_pem(private=True),
        "another alg": json.dumps(ec.as_dict(private=True) | {"alg": "ES256"}),
        "members missing": json.dumps({"kty": "EC", "crv": "P-384", "d": "secret-words"}),
    }


@pytest.mark.parametrize("content", unfit().values(), ids=unfit().keys())
def test_what_is_no_key_for_us_is_a_configuration_error_that_quotes_nothing(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(ConfigurationError, match="key") as caught:
        load_key(private(tmp_path / "file", content))
    assert "secret-words" not in f"{caught.value.message} {caught.value.__cause__}"


def test_a_missing_file_says_how_to_make_one_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="fhir-coder keys new"):
        load_key(str(tmp_path / "key"))
    assert list(tmp_path.iterdir()) == []


def test_a_key_of_the_other_algorithm_is_refused(tmp_path: Path) -> None:
    new_key(tmp_path / "key", "RS384")
    with pytest.raises(ConfigurationError, match="RS384, not for ES384"):
        load_key(str(tmp_path / "key"), "ES384")


def test_a_name_stands_for_one_key(tmp_path: Path) -> None:
    new_key(tmp_path / "a", "ES384")
    new_key(tmp_path / "b", "ES384")
    one, other = load_key(str(tmp_path / "a"), kid="x"), load_key(str(tmp_path / "b"), kid="x")
    assert len(key_set([one, one])["keys"]) == 1
    with pytest.raises(ConfigurationError, match="same kid"):
        key_set([one, other])
