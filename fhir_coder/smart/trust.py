"""Whose bearer tokens a tenant accepts, as data: one pinned issuer, how its tokens are proved, and for whom they must be made.

Everything is configured. Nothing of it is ever taken from a token or a request: a token that names its own issuer or keys proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_coder.protected_urls import is_protected
from fhir_coder.smart.introspection_settings import Introspection, read_introspection

ALGORITHMS = ("RS256", "RS384", "ES256", "ES384")
"""Signature algorithms that may be allowed: asymmetric ones, of which SMART App Launch 2 requires RS384 or ES384."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The authorization server of one tenant. Exactly one of ``jwks_url``, ``jwks_file`` and ``introspection`` is set.

    ``audiences``: values of which a token's ``aud`` must hold one; empty: the tenant's base URLs. ``clients``: ids of the only clients whose
    tokens are accepted; empty: the audience decides alone. ``token_endpoint`` and
    ``authorization_endpoint`` are only told to clients, never called; each may be empty.
    """

    issuer: str
    jwks_url: str = ""
    jwks_file: str = ""
    audiences: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ALGORITHMS
    token_endpoint: str = ""
    authorization_endpoint: str = ""
    introspection: Introspection | None = None
    clients: tuple[str, ...] = ()


def read_trust(
    issuer: str,
    jwks_url: str = "",
    jwks_file: str = "",
    audience: str | Sequence[str] = (),
    algorithms: Sequence[str] = ALGORITHMS,
    token_endpoint: str = "",
    authorization_endpoint: str = "",
    introspection: Mapping[str, Any] | None = None,
    clients: Sequence[str] = (),
) -> Trust:
    """One tenant's trust from its configuration. Raises ValueError or TypeError for what is incomplete, unsafe or of another type."""
    if not isinstance(issuer, str) or not issuer:
        raise ValueError("expected issuer to be the iss of the tokens")
    if [bool(jwks_url), bool(jwks_file), introspection is not None].count(True) != 1 or not isinstance(jwks_file, str):
        raise ValueError("expected exactly one of jwks_url, jwks_file and introspection")
    for url in filter(None, (jwks_url, token_endpoint, authorization_endpoint)):
        if not is_protected(url):
            raise ValueError("expected jwks_url, token_endpoint and authorization_endpoint to be https URLs, or http URLs on loopback")
    audiences = (audience,) if isinstance(audience, str) else tuple(audience)
    if not all(isinstance(one, str) and one for one in audiences):
        raise ValueError("expected audience to be text or a list of texts")
    if isinstance(algorithms, str) or not algorithms or not set(algorithms) <= set(ALGORITHMS):
        raise ValueError(f"expected algorithms to be some of {', '.join(ALGORITHMS)}")
    if isinstance(clients, str) or not all(isinstance(one, str) and one for one in clients):
        raise ValueError("expected clients to be a list of client ids")
    asked = None if introspection is None else read_introspection(introspection)
    return Trust(issuer, jwks_url, jwks_file, audiences, tuple(algorithms), token_endpoint, authorization_endpoint, asked, tuple(clients))
