"""The server's own public keys, with which it asks for tokens as a backend service: what an authorization server needs of them."""

from __future__ import annotations

import base64
from collections import Counter
from typing import Any

from conformance.check import check
from conformance.exchange import Answer
from conformance.smart_configuration import read_object, require_tls
from conformance.target import Target
from conformance.verdict import Omitted, Skipped, Unsatisfied, expect

Key = dict[str, Any]
PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
SIGNED = {"RS384": "RSA", "ES384": "EC"}
ALGORITHMS = SIGNED | {"RS256": "RSA", "RS512": "RSA", "PS256": "RSA", "PS384": "RSA", "PS512": "RSA", "ES256": "EC", "ES512": "EC"}
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
LEAST_BITS = 2048


@check
def are_published(target: Target) -> None:
    """The server's JWK Set is there for everyone."""
    answer = _ask(target)
    expect(answer.status == 200, "200 with a JWK Set, without a token", answer)
    found = read_object(answer)
    expect(found is not None and isinstance(found.get("keys"), list), "a JSON object with an array keys", answer)


@check
def are_over_tls(target: Target) -> None:
    """The address of the server's JWK Set is https."""
    require_tls(_address(target))


@check
def have_kind_and_id(target: Target) -> None:
    """Each key of the server has kty and kid."""
    for one in _keys(target):
        for name in ("kty", "kid"):
            expect(isinstance(one.get(name), str) and one[name], f"{name} in each key", f"{sorted(one)} without it")


@check
def are_asymmetric(target: Target) -> None:
    """Each key of the server is an RSA or an elliptic curve key."""
    for one in _keys(target):
        expect(one.get("kty") in PUBLIC, "kty RSA or EC", one.get("kty"))


@check
def have_their_material(target: Target) -> None:
    """Each key of the server has the numbers of its kind: n and e, or crv, x and y."""
    for one in _keys(target):
        needed = PUBLIC.get(str(one.get("kty")), ())
        missing = [name for name in needed if not isinstance(one.get(name), str) or not one[name]]
        expect(needed and not missing, f"{', '.join(needed) or 'known material'} in a key of kty {one.get('kty')}", f"{sorted(one)}")


@check
def are_public(target: Target) -> None:
    """No key of the server is published with a private member."""
    for one in _keys(target):
        expect(not PRIVATE & set(one), "public members alone", f"private members {sorted(PRIVATE & set(one))}")


@check
def ids_are_unique(target: Target) -> None:
    """No two keys of the server have one kid."""
    twice = [kid for kid, count in Counter(str(one.get("kid")) for one in _keys(target)).items() if count > 1]
    expect(not twice, "each kid once", f"{', '.join(twice)} more than once")


@check
def say_how_long(target: Target) -> None:
    """The answer with the server's keys says how long they may be kept."""
    answer = _ask(target)
    expect(answer.headers.get("cache-control"), "Cache-Control", "no such header")


@check
def name_their_algorithm(target: Target) -> None:
    """Each key of the server names its algorithm, one that fits it."""
    for one in _keys(target):
        expect(ALGORITHMS.get(str(one.get("alg"))) == one.get("kty"), f"alg of a signature by {one.get('kty')}", one.get("alg"))
        curve = CURVES.get(str(one.get("alg")))
        expect(curve in {None, one.get("crv")}, f"curve {curve} for {one.get('alg')}", one.get("crv"))


@check
def are_for_signatures(target: Target) -> None:
    """Each key of the server is for signatures."""
    for one in _keys(target):
        expect(one.get("use") == "sig", "use sig", one.get("use", "no use"))
        expect(set(one.get("key_ops", ["verify"])) == {"verify"}, "key_ops verify, or none", one.get("key_ops"))


@check
def one_of_smart(target: Target) -> None:
    """One key of the server at least is for RS384 or ES384."""
    fitting = [one for one in _keys(target) if _can_sign_as_smart_asks(one)]
    expect(fitting, "a key for RS384 or ES384", [f"{one.get('kty')} {one.get('alg', '')}" for one in _keys(target)])


@check
def are_strong(target: Target) -> None:
    """RSA keys have 2048 bits at least."""
    for one in _keys(target):
        if one.get("kty") == "RSA":
            bits = _bits(str(one.get("n", "")))
            expect(bits >= LEAST_BITS, f"{LEAST_BITS} bits of an RSA key at least", f"{bits} bits")


def _address(target: Target) -> str:
    if not target.jwks:
        raise Skipped("give --jwks: where the server publishes its own public keys")
    return target.jwks


def _ask(target: Target) -> Answer:
    return target.get(_address(target), is_known=False, headers={"Accept": "application/json"})


def _keys(target: Target) -> list[Key]:
    """Skipped where there is no set, Omitted where it is empty: such a server asks no EHR as a backend service."""
    answer = _ask(target)
    found = read_object(answer) if answer.status == 200 else None
    keys = found.get("keys") if found else None
    if not isinstance(keys, list):
        raise Skipped("the JWK Set cannot be read")
    if not keys:
        raise Omitted("the JWK Set is empty: the server asks nobody for tokens by its keys")
    if not all(isinstance(one, dict) for one in keys):
        raise Unsatisfied("keys that are JSON objects", "others")
    return keys


def _can_sign_as_smart_asks(one: Key) -> bool:
    if one.get("alg"):
        return str(one["alg"]) in SIGNED
    return one.get("kty") == "RSA" or one.get("crv") == "P-384"


def _bits(number: str) -> int:
    try:
        return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()
    except ValueError:
        return 0
