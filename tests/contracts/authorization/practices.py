"""The tenants of our server in these tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.contracts.authorization.authorization_server import AuthorizationServer

BACKEND_SCOPE = "system/*.rs system/Condition.cu system/Claim.cu system/Task.cu system/Provenance.c"


LAUNCH_SCOPE = (
    "openid fhirUser profile launch/patient launch/encounter offline_access "
    "patient/*.rs patient/Condition.cu patient/Claim.cu patient/Task.cu patient/Provenance.c"
)


def practices(server: AuthorizationServer, key: Path, secret: Path) -> list[dict[str, Any]]:
    """``north`` has the EHR, which it asks with ``key`` and from which its coders launch us; its own provider signs them in too. ``strict`` and
    ``rotated`` trust the same issuer, each with a base of its own; so do ``opaque-0`` to ``opaque-2``, which ask it after each token."""
    trust = {"issuer": server.ehr, "jwks_url": f"{server.ehr}/keys", "token_endpoint": f"{server.ehr}/token"}
    confidential = {"auth": "client_secret_basic", "secret_file": str(secret)}
    launch = {
        "client_id": "app-client_secret_basic",
        "scope": LAUNCH_SCOPE,
        "frame_ancestors": [server.ehr],
        "people": {"Practitioner/dr-amara": ["coder"]},
        **confidential,
    }
    ehr = {"id": "main", "base_url": server.base, "client_id": "backend", "scope": BACKEND_SCOPE, "key": str(key), "launch": launch}
    sign_in = {"issuer": server.ehr, "client_id": "sign-in", "scope": "openid profile groups", **confidential}
    roles = {"role_claim": "groups", "roles": {"coders": ["second-reviewer"]}}
    proofs = {
        "client_secret_basic": {"secret_file": str(secret)},
        "client_secret_post": {"secret_file": str(secret)},
        "private_key_jwt": {"key": str(key)},
    }
    opaque = [
        {
            "id": f"opaque-{place}",
            "trust": {
                "issuer": server.ehr,
                "introspection": {"url": f"{server.ehr}/introspect", "auth": auth, "client_id": f"asks-{auth}", **proof},
            },
        }
        for place, (auth, proof) in enumerate(proofs.items())
    ]
    return [
        *opaque,
        {"id": "default", "trust": trust},
        {"id": "north", "trust": trust, "ehrs": [ehr], "sign_in": sign_in | roles},
        {"id": "strict", "trust": trust | {"algorithms": ["ES384"]}},
        {"id": "rotated", "trust": trust},
    ]
