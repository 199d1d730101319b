"""Headers of answers: what keeps them from being kept, sniffed, framed; and that nothing of a request can add one."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fhir_coder.errors import ConfigurationError
from fhir_coder.settings import Settings
from tests.api.conftest import SmallEngine, issue_of, parameters, post

OPERATION = "/fhir/Encounter/e1/$code-encounter"
PUBLIC = {"FHIR_CODER_PUBLIC_URL": "https://coder.example"}
EVERY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
NOT_KEPT = {
    "coded": lambda client: post(client, OPERATION),
    "no such page": lambda client: client.get("/nothing"),
    "wrong method": lambda client: client.get(OPERATION),
    "refused body": lambda client: post(client, OPERATION, b"{"),
    "no token": lambda client: client.post(OPERATION, environ_overrides={"REMOTE_ADDR": "192.0.2.7"}),
    "health": lambda client: client.get("/health/ready"),
    "version": lambda client: client.get("/version"),
    "metrics": lambda client: client.get("/metrics"),
}
KEPT = {
    "/fhir/metadata": "public, max-age=300",
    "/fhir/OperationDefinition/code-encounter": "public, max-age=300",
    "/jwks": "public, max-age=3600",
}


@pytest.mark.parametrize("ask", NOT_KEPT.values(), ids=NOT_KEPT.keys())
def test_answers_are_not_kept_sniffed_or_framed(client, ask: Callable[[Any], Any]) -> None:
    answer = ask(client)
    assert {name: answer.headers[name] for name in EVERY} == EVERY
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(("address", "kept"), KEPT.items())
def test_what_describes_the_server_may_be_kept_for_a_while(make_client: Callable, address: str, kept: str) -> None:
    answer = make_client(**PUBLIC).get(address)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, kept)
    assert {name: answer.headers[name] for name in EVERY} == EVERY


def test_metadata_that_repeats_the_host_of_its_caller_is_not_kept(client) -> None:
    assert client.get("/fhir/metadata").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("url", "is_strict"), [("https://coder.example", True), ("HTTPS://coder.example", True), ("http://localhost", False)]
)
def test_https_is_made_binding_where_it_is_ours(make_client: Callable, url: str, is_strict: bool) -> None:
    answer = make_client(FHIR_CODER_PUBLIC_URL=url).get("/nothing")
    assert answer.headers.get("Strict-Transport-Security") == ("max-age=31536000" if is_strict else None)


SPLITTING = [
    "a\r\nSet-Cookie: x=1",
    "a\nSet-Cookie: x=1",
    "a\rSet-Cookie: x=1",
    "a%0d%0aSet-Cookie: x=1",
    "a\u2028Set-Cookie: x=1",
    "é\x85Set-Cookie",
]


@pytest.mark.parametrize("text", SPLITTING, ids=range(len(SPLITTING)))
@pytest.mark.parametrize("header", ["HTTP_X_REQUEST_ID", "HTTP_PREFER", "HTTP_ACCEPT", "HTTP_AUTHORIZATION", "HTTP_ORIGIN"])
def test_no_header_of_a_request_adds_one_to_the_answer(client, header: str, text: str) -> None:
    """As a lenient proxy could hand them over: servers refuse such bytes themselves."""
    value = f"handling={text}" if header == "HTTP_PREFER" else text
    answer = client.post(OPERATION, environ_overrides={header: value})
    assert answer.status_code < 500
    assert "Set-Cookie" not in answer.headers
    assert not any("Set-Cookie" in value or "\n" in value or "\r" in value for value in answer.headers.values())


@pytest.mark.parametrize(
    "address", ["/fhir/Encounter/a%0d%0aSet-Cookie:%20x=1/$code-encounter", "/fhir/a%0d%0aLocation:%20x", "/t/a%0d%0ab/fhir/metadata"]
)
def test_no_address_adds_a_header(client, address: str) -> None:
    answer = client.post(address)
    assert 400 <= answer.status_code < 500
    assert not {"Set-Cookie", "Location"} & set(answer.headers.keys())


def test_an_id_in_the_body_adds_no_header(client) -> None:
    body = parameters({"name": "ehr", "valueString": "x\r\nSet-Cookie: x=1"})
    answer = post(client, OPERATION, body)
    assert answer.status_code in {400, 403} and "Set-Cookie" not in answer.headers


def connection(port: int) -> SimpleNamespace:
    return SimpleNamespace(getsockname=lambda: ("10.0.0.7", port))


METRICS = {"FHIR_CODER_METRICS_ADDRESS": "10.0.0.7:9100"}
FAR = {"REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "10.0.0.7:9100"}


@pytest.mark.parametrize("server", ["gunicorn.socket", "werkzeug.socket"])
def test_metrics_are_answered_at_their_own_address_and_nothing_else_is(make_client: Callable, server: str) -> None:
    client = make_client(**METRICS)
    here, there = FAR | {server: connection(9100)}, {server: connection(8080)}
    assert client.get("/metrics", environ_overrides=here).status_code == 200
    assert client.get("/metrics", environ_overrides=there).status_code == 404
    for address in ("/fhir/metadata", "/health/live", "/jwks", "/nothing"):
        assert client.get(address, environ_overrides=here).status_code == 404
    assert client.get("/fhir/metadata", environ_overrides=there).status_code == 200


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"SERVER_PORT": "9100", "HTTP_HOST": "10.0.0.7:9100"},
        {"gunicorn.socket": SimpleNamespace(getsockname=lambda: "/run/coder.sock")},
        {"gunicorn.socket": connection(8080), "HTTP_X_FORWARDED_PORT": "9100", "HTTP_HOST": "10.0.0.7:9100"},
    ],
    ids=["no socket", "port by Host", "unix socket", "port forwarded"],
)
def test_the_port_of_metrics_is_not_the_callers_to_say(make_client: Callable, engine: SmallEngine, environ: dict[str, Any]) -> None:
    answer = make_client(**METRICS).get("/metrics", environ_overrides=environ)
    assert (answer.status_code, issue_of(answer)["code"]) == (404, "not-supported")


@pytest.mark.parametrize(
    "given", ["9100", ":9100", "host", "host:", "host:0", "host:99999", "host:x", "http://host:1", "u@host:1", "host:1/x"]
)
def test_an_address_that_cannot_be_stops_the_start(given: str) -> None:
    with pytest.raises(ConfigurationError, match="FHIR_CODER_METRICS_ADDRESS"):
        Settings.from_environment({"FHIR_CODER_METRICS_ADDRESS": given})


@pytest.mark.parametrize(
    ("given", "host"), [("127.0.0.1:9100", "127.0.0.1"), ("[::1]:9100", "::1"), ("metrics.internal:9100", "metrics.internal")]
)
def test_an_address_of_metrics(given: str, host: str) -> None:
    address = Settings.from_environment({"FHIR_CODER_METRICS_ADDRESS": given}).metrics_address
    assert address is not None
    assert (address.host, address.port, str(address)) == (host, 9100, given)
