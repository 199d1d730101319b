"""The same over a socket: an issuer that knows its clients and tokens, revokes, misbehaves and goes away, and our server that asks it."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from fhir_coder.errors import IssuerUnavailable, Unauthenticated
from fhir_coder.settings import Settings
from fhir_coder.smart.bearer import Verifier
from fhir_coder.smart.verifiers import make_verifiers

AUDIENCE = "https://coder.example/fhir"
PROOF = "Basic " + base64.b64encode(b"us:s3cret").decode()


class Issuer(ThreadingHTTPServer):
    """Tokens are active while they stand in ``active``; ``mode`` says how it misbehaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.active = {"good": {"aud": AUDIENCE, "client_id": "engine", "exp": time.time() + 300}}
        self.mode = ""
        self.asked: list[tuple[str, str | None]] = []


class Answering(BaseHTTPRequestHandler):
    """RFC 7662 section 2."""

    server: Issuer

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append((self.path, self.headers["Authorization"]))
        if self.server.mode == "hang up":
            self.connection.close()
            return
        if self.server.mode == "redirect":
            self.send_response(307)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            return
        known = self.server.active.get(form["token"][0])
        body = json.dumps({"active": True} | known if known else {"active": False}).encode()
        self.send_response(200 if self.headers["Authorization"] == PROOF else 401)
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(body) + (7 if self.server.mode == "break off" else 0)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    server = Issuer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def verifier(issuer: Issuer, folder: Path, secret: str = "s3cret") -> Verifier:
    path = folder / "secret"
    path.write_text(secret + "\n")
    path.chmod(0o600)
    url = f"http://127.0.0.1:{issuer.server_address[1]}/introspect"
    asked = {"url": url, "auth": "client_secret_basic", "client_id": "us", "secret_file": str(path)}
    row = {"id": "north", "trust": {"issuer": "https://auth.example", "introspection": asked, "audience": AUDIENCE}}
    tenants = Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps([row])}).tenants
    return make_verifiers({one.id: one.trust for one in tenants if one.trust}, lambda tenant: ())["north"]


def test_the_issuer_is_asked_and_decides(issuer: Issuer, tmp_path: Path) -> None:
    tokens = verifier(issuer, tmp_path)
    assert tokens.verify("good")["client_id"] == "engine"
    with pytest.raises(Unauthenticated):
        tokens.verify("made-up")
    assert issuer.asked == [("/introspect", PROOF)] * 2


def test_a_secret_that_the_issuer_refuses_admits_nobody(issuer: Issuer, tmp_path: Path) -> None:
    with pytest.raises(Unauthenticated):
        verifier(issuer, tmp_path, "wrong").verify("good")


@pytest.mark.parametrize(
    ("mode", "error"), [("hang up", IssuerUnavailable), ("break off", IssuerUnavailable), ("redirect", Unauthenticated)]
)
def test_an_issuer_that_misbehaves_admits_nobody(issuer: Issuer, tmp_path: Path, mode: str, error: type[Exception]) -> None:
    issuer.mode = mode
    with pytest.raises(error):
        verifier(issuer, tmp_path).verify("good")
    assert [path for path, _ in issuer.asked] == ["/introspect"]


def test_an_issuer_that_is_gone_is_told_apart(issuer: Issuer, tmp_path: Path) -> None:
    tokens = verifier(issuer, tmp_path)
    issuer.shutdown()
    issuer.server_close()
    with pytest.raises(IssuerUnavailable):
        tokens.verify("good")
