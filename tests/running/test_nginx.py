"""``docker/nginx.conf``: nginx takes it, and as a proxy it does what docs/deploying.md says, before a server that tells what reached it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.running.processes import free_port, until

CONFIGURATION = (Path(__file__).resolve().parents[2] / "docker" / "nginx.conf").read_text(encoding="utf-8")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
OPENSSL = shutil.which("openssl")

pytestmark = pytest.mark.skipif(
    NGINX is None or OPENSSL is None, reason="nginx or openssl is not installed (apt-get install nginx-light openssl)"
)


class Telling(BaseHTTPRequestHandler):
    """Answers with the request line, headers and length of what reached it."""

    protocol_version = "HTTP/1.1"
    dropped = 0

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/dropped":
            Telling.dropped += 1
            self.close_connection = True
            return
        told = {"line": self.requestline, "headers": dict(self.headers.items()), "bytes": len(body)}
        status = 503 if self.path == "/busy" else 200
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if status == 503:
            self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@dataclass
class Proxy:
    """nginx on loopback: ``plain`` and ``tls`` are its ports, ``configuration`` the file, ``server`` what stands behind it."""

    plain: int
    tls: int
    configuration: Path
    server: ThreadingHTTPServer

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], Any]:
        trusting = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", self.tls, context=trusting, timeout=30)
        return _call(connection, method, path, body, headers)

    def call_plainly(self, method: str, path: str) -> tuple[int, dict[str, str], Any]:
        return _call(http.client.HTTPConnection("127.0.0.1", self.plain, timeout=30), method, path, None, {})


def _call(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        content = answer.read()
        told = json.loads(content) if content.startswith(b"{") else content
        return answer.status, dict(answer.getheaders()), told
    finally:
        connection.close()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder, plain, tls = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
    command = [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=coder.example"]
    subprocess.run([*command, "-keyout", "certificate_key", "-out", "certificate"], cwd=folder, check=True, capture_output=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), Telling) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        places = {
            "/tmp/": f"{folder}/",
            "/run/secrets/": f"{folder}/",
            "listen 8080;": f"listen 127.0.0.1:{plain};",
            "listen 8443 ssl;": f"listen 127.0.0.1:{tls} ssl;",
            "server web:8080 ": f"server 127.0.0.1:{server.server_port} ",
        }
        text = CONFIGURATION
        for there, here in places.items():
            assert there in text
            text = text.replace(there, here)
        configuration = folder / "nginx.conf"
        configuration.write_text(text, encoding="utf-8")
        options = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")  # folders of tests are their user's alone
        with subprocess.Popen([NGINX, "-c", str(configuration), "-p", str(folder), "-g", options]) as process:
            found = Proxy(plain, tls, configuration, server)
            try:
                until(lambda: _answers(found), 20)
                yield found
            finally:
                process.terminate()
                server.shutdown()


def _answers(proxy: Proxy) -> bool:
    try:
        return proxy.call("GET", "/health/live")[0] == 200
    except OSError:
        return False


def test_nginx_takes_the_configuration(proxy: Proxy) -> None:
    done = subprocess.run([NGINX, "-t", "-c", str(proxy.configuration)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "test is successful" in done.stderr
    assert "warn" not in done.stderr


def test_the_server_hears_of_the_proxy_and_not_what_the_caller_makes_up(proxy: Proxy) -> None:
    made_up = {"X_Forwarded_For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "X_Forwarded_Proto": "http", "X_Forwarded_Host": "localhost"}
    _, _, told = proxy.call(
        "GET", "/fhir/metadata?_format=json", Host="coder.example", X_Request_Id="abc-1", Authorization="Bearer x", **made_up
    )
    headers = told["headers"]
    assert told["line"] == "GET /fhir/metadata?_format=json HTTP/1.1"
    assert headers["Host"] == headers["X-Forwarded-Host"] == "coder.example"
    assert (headers["X-Forwarded-Proto"], headers["X-Forwarded-For"]) == ("https", "127.0.0.1")
    assert "Forwarded" not in headers and "Connection" not in headers
    assert (headers["X-Request-Id"], headers["Authorization"]) == ("abc-1", "Bearer x")


def test_a_request_without_an_id_gets_one(proxy: Proxy) -> None:
    ids = {proxy.call("GET", "/version")[2]["headers"]["X-Request-Id"] for _ in range(2)}
    assert len(ids) == 2 and all(len(one) == 32 for one in ids)


def test_bodies_are_as_large_as_the_server_takes_them(proxy: Proxy) -> None:
    assert proxy.call("POST", "/fhir/x", b"x" * 20_971_520)[2]["bytes"] == 20_971_520
    status, headers, outcome = proxy.call("POST", "/fhir/x", b"x" * 20_971_521)
    assert (status, headers["Content-Type"]) == (413, "application/fhir+json")
    assert (outcome["resourceType"], outcome["issue"][0]["code"]) == ("OperationOutcome", "too-long")


def test_metrics_are_nobodys_out_there(proxy: Proxy) -> None:
    assert {proxy.call("GET", path)[0] for path in ("/metrics", "/metrics?x=1", "//metrics", "/./metrics")} == {404}


def test_whatever_nginx_refuses_it_refuses_as_the_server_would(proxy: Proxy) -> None:
    long = "a" * 9000
    answers = {
        "a header that is too long": (proxy.call("GET", "/fhir/metadata", Authorization=long), 400, "structure"),
        "an address that is too long": (proxy.call("GET", f"/fhir/{long}"), 414, "structure"),
        "an address that cannot be": (proxy.call("GET", "/../fhir"), 400, "structure"),
        "a method that is not passed on": (proxy.call("TRACE", "/fhir/metadata"), 405, "structure"),
        "metrics": (proxy.call("GET", "/metrics"), 404, "not-supported"),
        "plain where TLS is spoken": (_call(http.client.HTTPConnection("127.0.0.1", proxy.tls), "GET", "/", None, {}), 400, "structure"),
        "a token in plain": (proxy.call_plainly("POST", "/fhir/Encounter/$code-encounter"), 403, "forbidden"),
    }
    for what, ((status, headers, outcome), wanted, code) in answers.items():
        assert (status, headers["Content-Type"]) == (wanted, "application/fhir+json"), what
        assert (outcome["resourceType"], outcome["issue"][0]["code"]) == ("OperationOutcome", code), what


def test_what_the_server_answers_stays_as_it_is(proxy: Proxy) -> None:
    status, headers, told = proxy.call("GET", "/busy")
    assert (status, headers["Retry-After"], told["line"]) == (503, "7", "GET /busy HTTP/1.1")


def test_tokens_are_not_led_on_from_a_plain_call(proxy: Proxy) -> None:
    status, headers, _ = proxy.call_plainly("GET", "/review/?a=b")
    assert (status, headers["Location"]) == (301, "https://127.0.0.1/review/?a=b")
    assert proxy.call_plainly("POST", "/fhir/Encounter/$code-encounter")[0] == 403


def test_a_call_that_the_server_dropped_is_not_made_twice_and_the_caller_is_told_to_come_back(proxy: Proxy) -> None:
    status, headers, outcome = proxy.call("POST", "/dropped", b"{}")
    assert (status, headers["Retry-After"], outcome["issue"][0]["code"]) == (503, "5", "transient")
    assert Telling.dropped == 1
