"""How the issuer of a tenant is asked after tokens (RFC 7662), as a site configures it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fhir_coder.backend_settings import ALGORITHMS
from fhir_coder.protected_urls import is_protected

AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "bearer")
"""How we prove ourselves there (RFC 7662 section 2.1): with a client's secret, with our key, or with a token that the issuer gave us."""
MEMBERS = ("url", "auth", "client_id", "secret_file", "key", "alg", "kid", "assertion_audience")


@dataclass(frozen=True, slots=True)
class Introspection:
    """The one endpoint that is asked, and our registration there.

    ``secret_file`` is the path of a file with the secret (or the token, for ``bearer``), ``key`` that of a private key. ``alg`` and ``kid`` empty: as the
    key has them. ``assertion_audience``: ``aud`` of our assertions, where it is not the endpoint.
    """

    url: str
    auth: str
    client_id: str = ""
    secret_file: str = ""
    key: str = ""
    alg: str = ""
    kid: str = ""
    assertion_audience: str = ""


def read_introspection(members: Mapping[str, Any]) -> Introspection:
    """The member ``introspection`` of a tenant's trust. Raises ValueError (text begins with ``expected`` and quotes no value) or TypeError."""
    if not isinstance(members, Mapping) or set(members) - set(MEMBERS):
        raise TypeError("introspection is no object, or has members that are not known")
    if not all(isinstance(one, str) for one in members.values()):
        raise ValueError(f"expected {', '.join(MEMBERS)} to be text")
    if not is_protected(members.get("url", "")):
        raise ValueError("expected introspection.url to be an https URL, or http on loopback")
    auth = members.get("auth", "")
    if auth not in AUTH_METHODS:
        raise ValueError(f"expected introspection.auth to be one of {', '.join(AUTH_METHODS)}")
    if auth != "bearer" and not members.get("client_id"):
        raise ValueError("expected introspection.client_id, our id at the issuer")
    is_key = auth == "private_key_jwt"
    if bool(members.get("key")) != is_key or bool(members.get("secret_file")) == is_key:
        raise ValueError("expected key with private_key_jwt, and secret_file with every other auth")
    if members.get("alg", "") not in {"", *ALGORITHMS}:
        raise ValueError(f"expected alg to be {' or '.join(ALGORITHMS)}")
    return Introspection(**members)
