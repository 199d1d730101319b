"""Key sets that an authorization server could not use, or should not see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from joserfc.jwk import ECKey

from tests.conformance.broken.proxy import Asked, Broken, Reply, SpoilReply
from tests.conformance.broken.wire import when

PLACE = "/jwks"
Key = dict[str, Any]


def keys_changed(change: Callable[[list[Key]], list[Key]]) -> SpoilReply:
    """Other keys in the set."""
    return when(PLACE, lambda document: {"keys": change(document["keys"])})


def saying(**members: Any) -> SpoilReply:
    """Other members of the first key; None leaves one out."""
    return keys_changed(lambda keys: [{name: value for name, value in (keys[0] | members).items() if value is not None}])


def wants_a_token(asked: Asked, reply: Reply) -> Reply:
    return replace(reply, status=401) if asked.path == PLACE else reply


def without_duration(asked: Asked, reply: Reply) -> Reply:
    return reply.with_header("Cache-Control", None)


def of(key: ECKey, alg: str, is_private: bool = False) -> Callable[[list[Key]], list[Key]]:
    """A set of one key."""
    return lambda keys: [{**key.as_dict(private=is_private), "kid": "one", "alg": alg, "use": "sig"}]


KEYS = (
    Broken("shows its keys to nobody", ("BKS-005",), wants_a_token),
    Broken("has keys without id", ("BKS-007",), saying(kid=None)),
    Broken("publishes a secret", ("BKS-008", "BKS-010"), saying(kty="oct", k="c2VjcmV0")),
    Broken("has points without y", ("BKS-009",), saying(y=None)),
    Broken("publishes its private key", ("BKS-010",), keys_changed(of(ECKey.generate_key("P-384"), "ES384", is_private=True))),
    Broken("has two keys of one id", ("BKS-011",), keys_changed(lambda keys: keys * 2)),
    Broken("does not say how long its keys last", ("BKS-012",), without_duration),
    Broken("names no algorithm", ("BKS-013",), saying(alg=None)),
    Broken("names an algorithm of another kind of key", ("BKS-013",), saying(alg="RS384")),
    Broken("has keys for encryption", ("BKS-014",), saying(use="enc")),
    Broken("has keys to sign with in public", ("BKS-014",), saying(key_ops=["sign"])),
    Broken("signs by ES256 alone", ("BKS-015",), keys_changed(of(ECKey.generate_key("P-256"), "ES256"))),
    Broken("has weak keys", ("BKS-016",), saying(kty="RSA", alg="RS384", n="x" * 171, e="AQAB", crv=None, x=None, y=None)),
)
