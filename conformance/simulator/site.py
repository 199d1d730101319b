"""A site to try a server at, as files in a folder: what the server must be told of the simulator, and all that the kit can be given.

So that one command tries every group of requirements. Keys stay when the simulator is started again; everything else is written anew.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from conformance.simulator.authorization import PATH, Authorization
from fhir_coder.errors import ConfigurationError
from fhir_coder.smart.signing_key import SigningKey, load_key, new_key

CONTROL = "/_control"
NEEDED = {"v1": "system/Encounter.read system/DocumentReference.read", "v2": "system/Encounter.r system/DocumentReference.rs"}
EVERYTHING = "system/*.cruds"
DAY_S = 24 * 3600
LONGEST_CALL_S = 120
"""What the kit waits for one answer: an EHR that stays silent is asked as often as the server tries again."""


class SiteUnusable(Exception):
    """The folder cannot be used; the reason."""


class Site:
    """``folder`` is where its files are, ``simulator`` and ``server`` the addresses of both, without a slash at the end, and ``timeout_s`` how long
    the server waits for an EHR, less than a slow answer takes. Raises SiteUnusable."""

    def __init__(self, folder: Path, simulator: str, server: str, timeout_s: float) -> None:
        self._folder = folder.absolute()
        self._simulator, self._server, self._timeout_s = simulator, server, timeout_s
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self.authorization = Authorization(f"{simulator}{PATH}", f"{server}/fhir", self._key("authorization"))
        except (OSError, ConfigurationError) as reason:
            raise SiteUnusable(f"{folder} cannot be used: {reason}") from reason

    def write(self, ehrs: Iterable[str]) -> None:
        """All files, for EHRs of these profiles. Raises SiteUnusable."""
        try:
            self._key("sim")
            self._put("tenants.json", json.dumps([self._tenant(ehrs)], indent=1))
            self._put("server.env", self._environment())
            for name, content in {"backend": self._registration(), "refused": self._refused(), "accepted": self._accepted()}.items():
                self._put(f"{name}.json", json.dumps(content, indent=1))
            self._put("kit", "\n".join(self._options()) + "\n")
        except (OSError, ConfigurationError) as reason:
            raise SiteUnusable(f"{self._folder} cannot be used: {reason}") from reason

    def _tenant(self, ehrs: Iterable[str]) -> Mapping[str, Any]:
        """The tenant ``default`` with each profile as an EHR, the plain one a second time with tokens of Backend Services."""
        known = [self._ehr("sim" if one == "plain" else f"sim-{one}", one) for one in ehrs]
        return {"id": "default", "trust": self._trust(), "ehrs": [*known, self._ehr("sim-token", "plain")]}

    def _trust(self) -> Mapping[str, str]:
        given = self.authorization
        endpoints = {"token_endpoint": given.endpoint("token"), "authorization_endpoint": given.endpoint("authorize")}
        return {"issuer": given.issuer, "jwks_url": given.endpoint("jwks"), **endpoints}

    def _ehr(self, ehr_id: str, profile: str) -> Mapping[str, Any]:
        one = {"id": ehr_id, "base_url": f"{self._simulator}/{profile}/fhir", "timeout_s": self._timeout_s}
        backend = {"client_id": "conformance", "scope": EVERYTHING, "key": str(self._folder / "sim.pem")}
        special: Mapping[str, Mapping[str, Any]] = {
            "sim": {"launch": self._launch()},
            "sim-epic": {"write_before_review": True},  # without updates its Conditions would be held, and less could be looked at
            "sim-token": backend,
        }
        return {**one, **special.get(ehr_id, {})}

    def _launch(self) -> Mapping[str, Any]:
        """All endpoints are named, so that nobody is asked for them: in a launch of the kit nobody signs in."""
        given = self.authorization
        client = {"client_id": "conformance", "scope": "openid fhirUser launch patient/*.rs", "people": {"Practitioner/doctor": ["coder"]}}
        endpoints = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        return {**client, **{name: given.endpoint(place) for name, place in endpoints.items()}, "oidc_issuer": given.issuer}

    def _environment(self) -> str:
        """For ``sh``: settings of our server. Rates are off, because the checks call often and fail often to prove who they are."""
        settings = {
            "TENANTS": str(self._folder / "tenants.json"),
            "PUBLIC_URL": self._server,
            "DATABASE_URL": f"sqlite:///{self._folder / 'store.sqlite'}",
            "KEY": self._store_key(),
            "RATE_LIMIT": "",
            "FAILURE_LIMIT": "",
        }
        return "".join(f"FHIR_CODER_{name}={shlex.quote(value)}\n" for name, value in settings.items())

    def _registration(self) -> Mapping[str, Any]:
        key = self._key("kit")
        secret = {**key.secret.as_dict(private=True), "kid": key.kid, "alg": key.alg}
        return {"token_url": self.authorization.endpoint("token"), "client_id": "kit", "scope": EVERYTHING, "key": secret}

    def _refused(self) -> Mapping[str, str]:
        later = int(time.time()) + DAY_S
        new = self.authorization.token
        return {
            "expired": new(EVERYTHING, exp=int(time.time()) - 3600),
            "narrow": new("system/Patient.rs", exp=later),
            "foreign": new(EVERYTHING, exp=later, aud="https://elsewhere.example/fhir"),
            "patient": new("patient/*.rs", exp=later, patient="somebody-else"),
        }

    def _accepted(self) -> Mapping[str, str]:
        return {name: self.authorization.token(scope, exp=int(time.time()) + DAY_S) for name, scope in NEEDED.items()}

    def _options(self) -> list[str]:
        """A word on each line, as the kit reads them."""
        files = [word for name in ("refused", "accepted") for word in (f"--{name}", str(self._folder / f"{name}.json"))]
        ours = ["--jwks", f"{self._server}/jwks", "--launch", f"{self._server}/launch", "--launch-iss", f"{self._simulator}/plain/fhir"]
        simulator = ["--simulator", f"{self._simulator}{CONTROL}", "--ehr", "sim", "--timeout", str(LONGEST_CALL_S)]
        return [f"{self._server}/fhir", "--backend-services", str(self._folder / "backend.json"), *files, *ours, *simulator]

    def _key(self, name: str) -> SigningKey:
        file = self._folder / f"{name}.pem"
        return load_key(str(file)) if file.exists() else new_key(file, "ES384")

    def _store_key(self) -> str:
        """The server's key for its store, which outlives the simulator as the store does."""
        file = self._folder / "store.key"
        if not file.exists():
            self._put(file.name, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        return file.read_text(encoding="ascii")

    def _put(self, name: str, content: str) -> None:
        """A file that only its owner can read: most of them hold keys or tokens."""
        descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
