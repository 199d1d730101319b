"""Who counts as a caller on the server's own machine: in the sandbox, for metrics, and for what /health/ready tells."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import SmallEngine, issue_of

OPERATION = "/fhir/Encounter/e1/$code-encounter"
NEAR = {
    "IPv4": {"REMOTE_ADDR": "127.0.0.1"},
    "another address of the same network": {"REMOTE_ADDR": "127.9.9.9"},
    "IPv6": {"REMOTE_ADDR": "::1", "HTTP_HOST": "[::1]:8080"},
    "IPv4 as IPv6": {"REMOTE_ADDR": "::ffff:127.0.0.1", "HTTP_HOST": "127.0.0.1"},
    "by name": {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "LOCALHOST:8080"},
}
FAR: dict[str, dict[str, Any]] = {
    "IPv4": {"REMOTE_ADDR": "192.0.2.7"},
    "IPv6": {"REMOTE_ADDR": "2001:db8::7"},
    "no address": {"REMOTE_ADDR": ""},
    "socket of a proxy": {"REMOTE_ADDR": "unix"},
    "far and forwarded as near": {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_FORWARDED_FOR": "127.0.0.1", "HTTP_FORWARDED": "for=127.0.0.1"},
    "far with a near Host": {"REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "127.0.0.1"},
    "X-Forwarded-For": {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    "X-Forwarded-Proto": {"HTTP_X_FORWARDED_PROTO": "https"},
    "X-Forwarded-Host": {"HTTP_X_FORWARDED_HOST": "localhost"},
    "X-Real-IP": {"HTTP_X_REAL_IP": "127.0.0.1"},
    "Forwarded": {"HTTP_FORWARDED": ""},
    "X-Forwarded-Server": {"HTTP_X_FORWARDED_SERVER": "proxy"},
    "Via": {"HTTP_VIA": "1.1 proxy"},
    "nginx as it comes": {"SERVER_PROTOCOL": "HTTP/1.0", "HTTP_HOST": "127.0.0.1:8080"},
    "a page that rebinds its name": {"HTTP_HOST": "evil.example:8080"},
    "a name that begins as ours": {"HTTP_HOST": "localhost.evil.example"},
    "a name behind a user": {"HTTP_HOST": "evil.example#@127.0.0.1"},
    "no Host": {"HTTP_HOST": ""},
    "broken Host": {"HTTP_HOST": "[::1"},
}


@pytest.mark.parametrize("environ", NEAR.values(), ids=NEAR.keys())
def test_the_own_machine_needs_no_token_in_the_sandbox(client, engine: SmallEngine, environ: dict[str, Any]) -> None:
    assert client.post(OPERATION, environ_overrides=environ).status_code == 200
    assert client.get("/metrics", environ_overrides=environ).status_code == 200
    assert "ehrs" in client.get("/health/ready", environ_overrides=environ).get_json()


@pytest.mark.parametrize("environ", FAR.values(), ids=FAR.keys())
def test_everyone_else_is_far(client, engine: SmallEngine, environ: dict[str, Any]) -> None:
    near = {"REMOTE_ADDR": "127.0.0.1"}
    answer = client.post(OPERATION, environ_overrides=near | environ)
    assert (answer.status_code, issue_of(answer)["code"], engine.requests) == (401, "login", [])
    assert client.get("/metrics", environ_overrides=near | environ).status_code == 403
    assert client.get("/health/live", environ_overrides=near | environ).status_code == 200
    assert client.get("/health/ready", environ_overrides=near | environ).get_json() == {
        "status": "ready",
        "checks": {"release": {"ok": True}, "index": {"ok": True}, "store": {"ok": True}},
    }


def test_a_sandbox_says_that_it_is_one(client, make_client) -> None:
    assert client.get("/version").get_json()["mode"] == "sandbox"
    assert "mode" not in make_client(sandbox=False).get("/version").get_json()
