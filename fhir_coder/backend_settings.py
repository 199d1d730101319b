"""How we ask an EHR's authorization server for a token: SMART Backend Services, as a site configures it for one EHR.

Source: https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html and client-confidential-asymmetric.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_coder.protected_urls import is_protected

ALGORITHMS = ("RS384", "ES384")
"""What a client must be able to sign with (client-confidential-asymmetric.html, "Signing algorithms")."""
MEMBERS = ("token_url", "client_id", "scope", "key", "next_key", "alg", "kid", "jku")


@dataclass(frozen=True, slots=True)
class BackendClient:
    """Our registration at one authorization server.

    ``key`` is the path of the private key that signs, ``next_key`` of one that is published before it is used. ``token_url`` empty: as the
    EHR's SMART configuration says. ``alg`` and ``kid`` empty: as the key has them. ``jku``: the registered URL of our public keys.
    """

    client_id: str
    scope: str
    key: str
    token_url: str = ""
    next_key: str = ""
    alg: str = ""
    kid: str = ""
    jku: str = ""


def read_backend(base_url: str, token: str, members: dict[str, Any]) -> BackendClient | None:
    """The registration among the members of an EHR's configuration, or None where there is none.

    Raises ValueError (text begins with ``expected`` and quotes no value), TypeError for a member that is not known.
    """
    if unknown := set(members) - set(MEMBERS):
        raise TypeError(f"{len(unknown)} members of an EHR are not known")
    if not members:
        return None
    if not all(isinstance(one, str) for one in members.values()):
        raise ValueError(f"expected {', '.join(MEMBERS)} to be text")
    if not all(members.get(name, "").strip() for name in ("client_id", "scope", "key")):
        raise ValueError("expected client_id, scope and key together: an EHR's authorization server is asked with all three")
    if token:
        raise ValueError("expected either token or client_id of an EHR, not both")
    if members.get("alg", "") not in {"", *ALGORITHMS}:
        raise ValueError(f"expected alg to be {' or '.join(ALGORITHMS)}")
    if not all(is_protected(url) for url in (base_url, *(members[name] for name in ("token_url", "jku") if members.get(name)))):
        raise ValueError("expected base_url, token_url and jku to be https URLs (http on loopback only) where tokens are asked for")
    return BackendClient(**members)
