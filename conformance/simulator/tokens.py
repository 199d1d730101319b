"""SMART Backend Services at a simulated EHR: tokens for whoever asks in the right form. Nothing here is secret, so signatures are not verified."""

from __future__ import annotations

import threading
from secrets import token_urlsafe
from urllib.parse import parse_qs

from conformance.simulator.exchange import Reply, Request

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LASTS_S = 3600
JSON = "application/json"


class Tokens:
    """Those that one EHR gave, numbered from 1 in the order in which it did."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, authorization: str) -> int:
        """Which token an Authorization header carries; 0 for none of these."""
        return self._numbers.get(authorization.removeprefix("Bearer "), 0)

    def discovery(self, request: Request) -> Reply:
        """The SMART configuration (https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html)."""
        configuration = {
            "token_endpoint": f"{request.base}/token",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
            "scopes_supported": ["system/*.cruds"],
            "capabilities": ["client-confidential-asymmetric", "permission-v2"],
        }
        return Reply.of(200, configuration, JSON)

    def give(self, request: Request) -> Reply:
        """A token for a request of the form of https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html, or why there is none."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode("ascii", "replace")).items()}
        if form.get("grant_type") != "client_credentials":
            return Reply.of(400, {"error": "unsupported_grant_type"}, JSON)
        if form.get("client_assertion_type") != ASSERTION or form.get("client_assertion", "").count(".") != 2 or not form.get("scope"):
            return Reply.of(400, {"error": "invalid_request"}, JSON)
        token = token_urlsafe(32)
        with self._lock:
            self._numbers[token] = len(self._numbers) + 1
        granted = {"access_token": token, "token_type": "bearer", "expires_in": LASTS_S, "scope": form["scope"]}
        return Reply.of(200, granted, JSON, Cache_Control="no-store")
