"""The tenants of our server in these tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.contracts.authorization.authorization_server import AuthorizationServer

BACKEND_SCOPE = "system/*.rs system/Condition.cu system/Claim.cu system/Task.cu system/Provenance.c"


def practices(server: AuthorizationServer, key: Path) -> list[dict[str, Any]]:
    """``north`` has the EHR, which it asks with ``key``; ``strict`` and ``rotated`` trust the same issuer, each with a base of its own."""
    trust = {"issuer": server.ehr, "jwks_url": f"{server.ehr}/keys"}
    ehr = {"id": "main", "base_url": server.base, "client_id": "backend", "scope": BACKEND_SCOPE, "key": str(key)}
    return [
        {"id": "default", "trust": trust},
        {"id": "north", "trust": trust, "ehrs": [ehr]},
        {"id": "strict", "trust": trust | {"algorithms": ["ES384"]}},
        {"id": "rotated", "trust": trust},
    ]
