"""Our private keys: read from a file that nobody else can read, made on request, and shown as public JWKs.

RS384 wants RSA keys (2048 bits at least, RFC 7518 section 3.3), ES384 keys on P-384 (section 3.4). JWK: RFC 7517; thumbprints: RFC 7638.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from fhir_coder.backend_settings import ALGORITHMS
from fhir_coder.errors import ConfigurationError
from fhir_coder.private_files import read_private

CURVE = "P-384"
_NEW_RSA_BITS = 3072
_LEAST_RSA_BITS = 2048
_PUBLIC = ("kty", "crv", "x", "y", "n", "e")
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, what it signs with, and the name under which its public half is registered."""

    alg: str
    kid: str
    secret: ECKey | RSAKey

    def __repr__(self) -> str:
        return f"SigningKey({self.alg}, {self.kid})"

    def public(self) -> dict[str, Any]:
        """The public JWK, member by member from a list of what is public."""
        members = self.secret.as_dict(private=False)
        return {name: members[name] for name in _PUBLIC if name in members} | {"kid": self.kid, "alg": self.alg, "use": "sig"}


def load_key(path: str, alg: str = "", kid: str = "") -> SigningKey:
    """The key in a PEM or JWK file. ``alg`` and ``kid`` empty: what the JWK says, else by the kind of key and by its thumbprint.

    Raises ConfigurationError when there is no such file, others may read it, it is no private key, or not one for ``alg``.
    """
    text = _private_text(path)
    jwk: dict[str, Any] = {}
    if text.lstrip().startswith("{"):
        jwk = _object(text, path)
    secret = _parsed(text, jwk, path)
    own = _algorithm(secret, path)
    for wanted in (alg, jwk.get("alg", "")):
        if wanted not in {"", own}:
            raise ConfigurationError(f"the key file {path} holds a key for {own}, not for {wanted}")
    return SigningKey(own, kid or str(jwk.get("kid", "")) or secret.thumbprint(), secret)


def new_key(path: Path, alg: str) -> SigningKey:
    """Make a private key in a new file (PEM, PKCS #8) that only its owner can read. Raises ConfigurationError when the file is there."""
    secret = ECKey.generate_key(CURVE) if alg == "ES384" else RSAKey.generate_key(_NEW_RSA_BITS)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigurationError(f"{path} exists; a key is never written over another file") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be made: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)  # whatever the umask took away
        file.write(secret.as_pem(private=True))
    return SigningKey(alg, secret.thumbprint(), secret)


def key_set(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """The JWK Set of the public halves, each once. Raises ConfigurationError when two keys have one name: a verifier could not choose."""
    members: dict[str, dict[str, Any]] = {}
    for key in keys:
        if members.setdefault(key.kid, key.public()) != key.public():
            raise ConfigurationError("two different keys have the same kid; each key needs its own")
    return {"keys": list(members.values())}


def _private_text(path: str) -> str:
    try:
        return read_private(path, "key file", "make one with fhir-coder keys new, and register its public key")
    except UnicodeDecodeError:
        raise _no_key(path) from None


def _object(text: str, path: str) -> dict[str, Any]:
    try:
        jwk = json.loads(text)
    except ValueError:
        raise _no_key(path) from None
    if not isinstance(jwk, dict):
        raise _no_key(path)
    return jwk


def _parsed(text: str, jwk: dict[str, Any], path: str) -> ECKey | RSAKey:
    """The private key. What the library says of a bad one may quote it, and is not repeated."""
    source = {name: jwk[name] for name in (*_PUBLIC, *_PRIVATE) if name in jwk} if jwk else text
    for kind in (ECKey, RSAKey):
        if jwk and jwk.get("kty") != kind.key_type:
            continue
        try:
            key: ECKey | RSAKey = kind.import_key(source)
            if key.is_private:
                return key
        except Exception:  # noqa: S112 - every kind of malformed key has its own exception; the other kind is tried
            continue
    raise _no_key(path)


def _algorithm(secret: ECKey | RSAKey, path: str) -> str:
    """What the key signs with."""
    if isinstance(secret, RSAKey) and secret.raw_value.key_size >= _LEAST_RSA_BITS:
        return "RS384"
    if isinstance(secret, ECKey) and secret.curve_name == CURVE:
        return "ES384"
    raise ConfigurationError(f"the key in {path} is not one for {' or '.join(ALGORITHMS)}: RSA of {_LEAST_RSA_BITS} bits, or EC on {CURVE}")


def _no_key(path: str | Path) -> ConfigurationError:
    return ConfigurationError(
        f"the key file {path} holds no private key that can be read: PEM without a passphrase, or a JWK with kty EC or RSA"
    )
