"""An authorization server for tests: keys, their set, and tokens good and bad."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

ISSUER = "https://auth.example"
AUDIENCE = "https://coder.example/fhir"
SCOPE = "system/Encounter.r system/DocumentReference.rs system/Claim.r"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "HS256"]

RSA = RSAKey.generate_key(2048)
OTHER_RSA = RSAKey.generate_key(2048)
P256 = ECKey.generate_key("P-256")
P384 = ECKey.generate_key("P-384")
OTHER_P384 = ECKey.generate_key("P-384")
KEYS: dict[str, RSAKey | ECKey] = {"rsa": RSA, "p256": P256, "p384": P384}
"""Keys that the issuer signs with, by kid."""


def public(kid: str, key: RSAKey | ECKey, **members: Any) -> dict[str, Any]:
    """A row of a key set."""
    return {name: value for name, value in key.as_dict(private=False).items() if name != "kid"} | {"kid": kid} | members


def key_set(*rows: dict[str, Any]) -> bytes:
    """A key set; of all of the issuer's keys unless rows are given."""
    return json.dumps({"keys": list(rows) or [public(kid, key) for kid, key in KEYS.items()]}).encode()


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that are good now; None takes one away."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ehr-client", "iat": now, "exp": now + 300, "scope": SCOPE}
    return {name: value for name, value in (good | changes).items() if value is not None}


def sign(payload: Any, key: Any = RSA, **header: Any) -> str:
    """A JWS of a payload (an object, or bytes as they are); None takes a header parameter away."""
    parameters = {name: value for name, value in ({"alg": "RS256", "kid": "rsa"} | header).items() if value is not None}
    registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    registry.max_header_length = registry.max_payload_length = 100_000
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return jws.serialize_compact(parameters, content, key, registry=registry)


def sign_plainly(**header: Any) -> str:
    """Good claims under RS256 with a header that no library would write; the signature is right."""
    signed = f"{encode({'alg': 'RS256', 'kid': 'rsa'} | header)}.{encode(claims())}"
    return f"{signed}.{encode(RSA.private_key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def token(**changes: Any) -> str:
    """A good token with changed claims."""
    return sign(claims(**changes))


def encode(value: Any) -> str:
    """A part of a token."""
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
