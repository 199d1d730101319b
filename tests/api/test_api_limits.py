"""Limits on callers over HTTP: how often, how many at once, and what stays open meanwhile."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.api.concurrency import Room
from fhir_coder.api.guards import Guards
from fhir_coder.errors import Busy, EhrUnavailable
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.settings import Settings
from fhir_coder.throttle.rates import COUNTERS, open_counters
from tests.api.conftest import SmallEngine, coding_result, issue_of, parameters, post
from tests.smart.issuer import ISSUER, key_set, token

OPERATION = "/fhir/Encounter/e1/$code-encounter"
CHECK = "/fhir/Claim/$check-coding"
OPEN = ("/health/live", "/health/ready", "/version", "/jwks", "/fhir/metadata", "/fhir/OperationDefinition/code-encounter")


@pytest.fixture
def serve(engine: SmallEngine, tmp_path: Path) -> Callable[..., FlaskClient]:
    """A client of an application with counters of its own."""

    def make(**environment: str) -> FlaskClient:
        settings = Settings.from_environment(environment, sandbox=True)
        app = Flask("test", static_folder=None)
        app.register_blueprint(create_api(engine, settings, guards=Guards.of(settings, open_counters("", tmp_path))))
        install_error_handlers(app)
        return app.test_client()

    return make


@pytest.fixture
def trust(tmp_path: Path) -> dict[str, str]:
    """Settings under which ``default`` and ``north`` ask for tokens."""
    (tmp_path / "keys.json").write_bytes(key_set())
    trusted = {"issuer": ISSUER, "jwks_file": str(tmp_path / "keys.json")}
    rows = [{"id": "default", "trust": trusted}, {"id": "north", "trust": trusted}]
    return {"FHIR_CODER_TENANTS": json.dumps(rows), "FHIR_CODER_PUBLIC_URL": "https://coder.example"}


def call(client: FlaskClient, given: str = "", url: str = OPERATION) -> Any:
    return post(client, url, **({"Authorization": f"Bearer {given}"} if given else {}))


# ------------------------------------------------------------------------------------------------------------------------ how often


def test_a_client_that_calls_too_often_is_told_when_to_come_back(serve: Callable[..., FlaskClient], engine: SmallEngine) -> None:
    client = serve(FHIR_CODER_RATE_LIMIT="3/day")
    assert [call(client).status_code for _ in range(3)] == [200] * 3
    answer = call(client)
    issue = issue_of(answer)
    assert (answer.status_code, issue["code"], issue["details"]["coding"][0]["code"]) == (429, "throttled", "FC122")
    assert int(answer.headers["Retry-After"]) > 0
    assert len(engine.requests) == 3
    assert call(client, url=CHECK).status_code == 429  # one count for all operations
    assert b'status="429"' in client.get("/metrics").data


@pytest.mark.parametrize("address", OPEN)
def test_what_anybody_may_ask_is_not_counted(serve: Callable[..., FlaskClient], address: str) -> None:
    client = serve(FHIR_CODER_RATE_LIMIT="1/day", FHIR_CODER_FAILURE_LIMIT="1/day")
    call(client)
    assert call(client).status_code == 429
    assert {client.get(address).status_code for _ in range(5)} == {200}


def test_clients_are_told_apart_by_their_token_and_tenants_by_their_base(serve: Callable[..., FlaskClient], trust: dict[str, str]) -> None:
    client = serve(FHIR_CODER_RATE_LIMIT="1/day", **trust)
    one, other = token(client_id="one"), token(client_id="other")
    assert [call(client, given).status_code for given in (one, other, one, other)] == [200, 200, 429, 429]
    assert call(client, token(client_id="one", jti="another token")).status_code == 429
    of_north = token(client_id="one", aud="https://coder.example/t/north/fhir")
    assert call(client, of_north, "/t/north" + OPERATION).status_code == 200


@pytest.mark.parametrize("name", ["client_id", "azp", "cid", "sub"])
def test_the_claim_that_names_a_client(serve: Callable[..., FlaskClient], trust: dict[str, str], name: str) -> None:
    client = serve(FHIR_CODER_RATE_LIMIT="1/day", **trust)
    values = [{"sub": None, name: value} for value in ("one", "two", "one")]
    assert [call(client, token(**claims)).status_code for claims in values] == [200, 200, 429]


def test_callers_without_a_token_are_told_apart_by_address(serve: Callable[..., FlaskClient]) -> None:
    client = serve(FHIR_CODER_RATE_LIMIT="1/day")
    for address, status in (("127.0.0.1", 200), ("127.0.0.2", 200), ("127.0.0.1", 429)):
        assert client.post(OPERATION, environ_base={"REMOTE_ADDR": address}).status_code == status


# ------------------------------------------------------------------------------------------------------------------------- failures


def test_who_fails_too_often_is_throttled_and_others_at_the_address_are_not(
    serve: Callable[..., FlaskClient], trust: dict[str, str]
) -> None:
    client = serve(FHIR_CODER_FAILURE_LIMIT="3/day", **trust)
    bad = [token(iss="https://evil.example"), "a.b.c", "", token(scope="system/Patient.r"), token(exp=1)]
    answers = [call(client, given) for given in bad]
    assert [one.status_code for one in answers] == [401, 401, 401, 429, 429]
    assert issue_of(answers[3])["code"] == "throttled" and "Retry-After" in answers[3].headers
    assert call(client, token()).status_code == 200
    far = client.post(OPERATION, environ_base={"REMOTE_ADDR": "192.0.2.9"})
    assert far.status_code == 401


def test_failures_do_not_use_up_the_calls_of_a_client(serve: Callable[..., FlaskClient], trust: dict[str, str]) -> None:
    client = serve(FHIR_CODER_RATE_LIMIT="1/day", FHIR_CODER_FAILURE_LIMIT="", **trust)
    assert {call(client, token(exp=1)).status_code for _ in range(20)} == {401}
    assert call(client, token()).status_code == 200


def test_lost_counters_are_measured(serve: Callable[..., FlaskClient], tmp_path: Path) -> None:
    client = serve(FHIR_CODER_RATE_LIMIT="1/day")
    with sqlite3.connect(tmp_path / COUNTERS) as connection:
        connection.execute("DROP TABLE counter")
    connection.close()
    assert [call(client).status_code for _ in range(3)] == [200] * 3
    assert b"fhir_coder_uncounted_calls_total 3.0" in client.get("/metrics").data


# ------------------------------------------------------------------------------------------------------------------- how many at once


class HeldEngine(SmallEngine):
    """Codes when it is let; ``at_once`` is how many codings ran at the same moment at most."""

    def __init__(self) -> None:
        super().__init__()
        self.let, self.entered = threading.Event(), threading.Semaphore(0)
        self.running = self.at_once = 0
        self._lock = threading.Lock()

    def code(self, request: CodingRequest) -> CodingResult:
        with self._lock:
            self.running += 1
            self.at_once = max(self.at_once, self.running)
        self.entered.release()
        assert self.let.wait(20)
        with self._lock:
            self.running -= 1
        return coding_result(request)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> SmallEngine:
    return HeldEngine() if "held" in request.node.name else SmallEngine()


def test_held_requests_wait_for_their_turn_and_too_many_are_sent_away(serve: Callable[..., FlaskClient], engine: HeldEngine) -> None:
    client = serve(FHIR_CODER_THREADS="2", FHIR_CODER_WAITING="1")
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(call(client.application.test_client()).status_code)) for _ in range(3)]
    for thread in threads[:2]:
        thread.start()
    for _ in range(2):
        assert engine.entered.acquire(timeout=20)
    threads[2].start()  # waits outside of the engine
    answer = None
    for _ in range(200):  # until the third has come in
        answer = client.post(OPERATION, content_type="text/plain", data=b"x")
        if answer.status_code == 503:
            break
        threading.Event().wait(0.02)
    assert answer is not None
    assert (answer.status_code, issue_of(answer)["code"], answer.headers["Retry-After"]) == (503, "transient", "5")
    assert {client.get(address).status_code for address in OPEN} == {200}
    engine.let.set()
    for thread in threads:
        thread.join(20)
    assert (statuses, engine.at_once) == ([200] * 3, 2)
    assert call(client).status_code == 200  # whoever left made room


@pytest.mark.parametrize("fails_with", [EhrUnavailable("down"), RuntimeError("marker")], ids=["ours", "unexpected"])
def test_a_request_that_fails_leaves_its_room(serve: Callable[..., FlaskClient], engine: SmallEngine, fails_with: Exception) -> None:
    client = serve(FHIR_CODER_THREADS="1", FHIR_CODER_WAITING="0")
    engine.error = fails_with
    assert {call(client).status_code for _ in range(3)} <= {500, 502}
    assert {post(client, OPERATION, parameters({"name": "x"}), Prefer="handling=strict").status_code for _ in range(3)} == {400}
    engine.error = None
    assert [call(client).status_code for _ in range(3)] == [200] * 3


def test_a_turn_that_does_not_come_is_busy_and_is_given_back() -> None:
    room = Room(1, 1, waits_s=0.05)
    with room.turn(), pytest.raises(Busy) as caught, room.turn():
        pass
    assert caught.value.headers["Retry-After"] and caught.value.is_retry_safe
    with room.turn():
        pass
