"""An EHR on a real socket that wants tokens, and the authorization server that gives them to who proves to be the registered client."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.simulated_ehr import SimulatedEhr, full_statement

CLIENT = "fhir-coder-at-north"
SCOPE = "system/Encounter.r system/Patient.r"


@dataclass
class Canned:
    """An answer to order, of either server, in place of what it would say."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    pause_s: float = 0.0

    @classmethod
    def of(cls, status: int, **members: Any) -> Canned:
        """A JSON object."""
        return cls(status, json.dumps(members).encode())


@dataclass
class GuardedEhr:
    """``granted`` is the scope of every token (empty: as asked), ``keys`` are registered, ``assertions`` came, ``live`` tokens are accepted,
    ``names`` are the first tokens given, ``canned_after_proof`` the first answers to a client that has proved who it is.

    ``canned`` maps a path to answers that are given first; ``seen`` lists path and Authorization header of every request.
    """

    origin: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list)
    granted: str = ""
    lasts_s: float = 300
    token_type: str = "bearer"
    pause_s: float = 0.0
    now: Callable[[], float] = time.time
    canned: dict[str, list[Canned]] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    assertions: list[dict[str, Any]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    names: list[str] = field(default_factory=list)
    canned_after_proof: list[Canned] = field(default_factory=list)
    inside: SimulatedEhr = field(default_factory=lambda: SimulatedEhr(full_statement()))

    @property
    def base(self) -> str:
        return f"{self.origin}/fhir"

    @property
    def token_url(self) -> str:
        return f"{self.origin}/auth/token"

    def answer(self, method: str, target: str, authorization: str, headers: Any, body: bytes) -> Canned:
        """One request."""
        url = urlsplit(target)
        self.seen.append((url.path, authorization))
        if self.canned.get(url.path):
            return self.canned[url.path].pop(0)
        if url.path == "/auth/token":
            return self._token(body)
        if url.path == "/fhir/.well-known/smart-configuration":
            return Canned.of(200, token_endpoint=self.token_url, grant_types_supported=["client_credentials"])
        if authorization.removeprefix("Bearer ") not in self.live:
            return Canned(401)
        reply = self.inside.answer(method, url.path.removeprefix("/fhir/"), url.query, headers, body)
        return Canned(reply.status, json.dumps(reply.resource).encode(), {"Content-Type": "application/fhir+json"} | reply.headers)

    def _token(self, body: bytes) -> Canned:
        time.sleep(self.pause_s)
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
        self.forms.append(form)
        if form["grant_type"] != "client_credentials" or not form["client_assertion_type"].endswith(":jwt-bearer"):
            return Canned.of(400, error="unsupported_grant_type")
        if not self._is_proved(form["client_assertion"]):
            return Canned.of(401, error="invalid_client", error_description="the words of the server: secret-words")
        if self.canned_after_proof:
            return self.canned_after_proof.pop(0)
        token = self.names.pop(0) if self.names else f"token-{len(self.forms)}"
        self.live.add(token)
        return Canned.of(200, access_token=token, token_type=self.token_type, expires_in=self.lasts_s, scope=self.granted or form["scope"])

    def _is_proved(self, assertion: str) -> bool:
        """What a server must check (client-confidential-asymmetric.html#signature-verification)."""
        try:
            token = jwt.decode(assertion, KeySet.import_key_set({"keys": self.keys}), algorithms=["RS384", "ES384"])
        except (JoseError, ValueError):
            return False
        named = [one for one in self.keys if one["kid"] == token.header.get("kid")]
        claims = token.claims
        is_new = claims["jti"] not in {one["jti"] for one in self.assertions}
        self.assertions.append(claims | {"header": token.header})
        return (
            len(named) == 1
            and named[0]["alg"] == token.header["alg"]
            and token.header["typ"] == "JWT"
            and claims["iss"] == claims["sub"] == CLIENT
            and claims["aud"] == self.token_url
            and self.now() < claims["exp"] <= self.now() + 300
            and is_new
        )


@contextmanager
def guarded_ehr() -> Iterator[GuardedEhr]:
    """Serve on a free port until the block ends."""
    ehr = GuardedEhr()
    with serving(ehr):
        yield ehr


@contextmanager
def serving(ehr: GuardedEhr) -> Iterator[None]:
    """Serve one that is there on a free port until the block ends."""
    ehr.inside.put({"resourceType": "Patient", "id": "p1"})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = ehr.answer(self.command, self.path, self.headers.get("Authorization", ""), self.headers, body)
            time.sleep(reply.pause_s)
            self.send_response(reply.status)
            for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_POST = do_DELETE = do_GET  # noqa: N815 - the names that the base class looks for

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ehr.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
