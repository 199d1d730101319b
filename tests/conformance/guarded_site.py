"""Our whole server on a socket, with an issuer that it trusts, keys of its own and an EHR that launches it, behind the proxy that spoils."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.credentials import SPELLINGS, bearer
from conformance.target import Target
from fhir_coder.settings import Settings
from fhir_coder.smart.signing_key import new_key
from tests.conformance.broken.proxy import Proxy
from tests.conformance.serving import serving
from tests.contracts.peers import free_port
from tests.one_engine import create_app
from tests.smart.issuer import AUDIENCE, ISSUER, key_set, token
from tests.store.conftest import KEY
from tests.stores import store_in

EHR = "https://ehr.example/fhir/r4"
LAUNCH_SCOPE = "openid fhirUser launch patient/*.rs"


@dataclass
class Site:
    """``root`` is its origin, ``proxy`` what stands before it."""

    root: str
    proxy: Proxy

    def target(self) -> Target:
        """The server as the kit is told of it, with all that can be given."""
        return Target(
            f"{self.root}/fhir",
            authorize=bearer(token()),
            refused=refused(),
            accepted={
                **{name: bearer(token(scope=scope)) for name, scope in SPELLINGS.items()},
                "other": bearer(token(sub="another-client")),
            },
            jwks=f"{self.root}/jwks",
            launch=f"{self.root}/launch",
            launch_iss=EHR,
        )


def refused() -> dict[str, str]:
    """Tokens of the issuer that do not open our door."""
    return {
        "expired": token(exp=int(time.time()) - 3600),
        "narrow": token(scope="system/Patient.rs"),
        "foreign": token(aud="https://elsewhere.example/fhir"),
        "patient": token(scope="patient/*.rs", patient="somebody-else"),
    }


@contextmanager
def guarded_site(folder: Path) -> Iterator[Site]:
    """Serve it until the block ends."""
    port = free_port()
    root = f"http://127.0.0.1:{port}"
    app = create_app(Settings.from_environment(_environment(folder, root)))
    proxy = Proxy(app.wsgi_app)
    with serving(proxy, port):
        yield Site(root, proxy)
    app.extensions["fhir_coder"].before_exit()


def _environment(folder: Path, root: str) -> dict[str, str]:
    return {
        "FHIR_CODER_DATA": str(Settings.from_environment().data),
        "FHIR_CODER_DATABASE_URL": store_in(folder),
        "FHIR_CODER_KEY": KEY,
        "FHIR_CODER_LOG_LEVEL": "ERROR",
        "FHIR_CODER_PUBLIC_URL": root,
        "FHIR_CODER_RATE_LIMIT": "",
        "FHIR_CODER_FAILURE_LIMIT": "",
        "FHIR_CODER_TENANTS": json.dumps(_tenants(folder)),
    }


def _tenants(folder: Path) -> list[Mapping[str, Any]]:
    """``default`` codes what it is sent, ``north`` has the EHR; its launch names all endpoints, so that nobody is asked."""
    (folder / "keys.json").write_bytes(key_set())
    new_key(folder / "ours.pem", "ES384")
    trust = {
        "issuer": ISSUER,
        "jwks_file": str(folder / "keys.json"),
        "audience": AUDIENCE,
        "token_endpoint": f"{ISSUER}/token",
        "authorization_endpoint": f"{ISSUER}/authorize",
    }
    launch = {
        "client_id": "coder",
        "scope": LAUNCH_SCOPE,
        "frame_ancestors": ["https://ehr.example"],
        "people": {"Practitioner/7": ["coder"]},
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks",
        "oidc_issuer": ISSUER,
    }
    backend = {"client_id": "coder", "scope": "system/*.rs", "key": str(folder / "ours.pem"), "token_url": f"{ISSUER}/token"}
    return [{"id": "default", "trust": trust}, {"id": "north", "ehrs": [{"id": "main", "base_url": EHR, "launch": launch, **backend}]}]
