"""Opaque tokens over HTTP: admitted within what the issuer says, refused otherwise, and nothing is done while the issuer is down."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import responses

from fhir_coder.api.log import JsonFormatter
from tests.api.conftest import SmallEngine, issue_of, post
from tests.smart.issuer import AUDIENCE, ISSUER, SCOPE, claims, sign, token

OPERATION = "/fhir/Encounter/e1/$code-encounter"
URL = "https://auth.example/introspect"
OPAQUE = "2YotnFZFEjr1zCsicMWpAA~._-+/=="
ACTIVE = {"active": True, "aud": AUDIENCE, "scope": SCOPE, "client_id": "engine"}


@pytest.fixture
def asking(make_client: Callable, tmp_path: Path):
    """``default`` asks its issuer after tokens, ``north`` after tokens of one client that are for nobody in particular."""
    secret = tmp_path / "secret"
    secret.write_text("s3cretOfOurs")
    secret.chmod(0o600)
    introspection = {"url": URL, "auth": "client_secret_basic", "client_id": "us", "secret_file": str(secret)}
    trust = {"issuer": ISSUER, "introspection": introspection}
    rows = [{"id": "default", "trust": trust}, {"id": "north", "trust": trust | {"clients": ["north-engine"]}}]
    return make_client(FHIR_CODER_TENANTS=json.dumps(rows), FHIR_CODER_PUBLIC_URL="https://coder.example")


def bearer(given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {given}"}


@responses.activate
@pytest.mark.parametrize("given", [OPAQUE, "x", "a.b", token()], ids=["opaque", "one letter", "two parts", "JWT"])
def test_an_active_token_opens_the_operation(asking, engine: SmallEngine, given: str) -> None:
    responses.post(URL, json=ACTIVE)
    assert [post(asking, OPERATION, **bearer(given)).status_code for _ in range(3)] == [200, 200, 200]
    assert (len(engine.requests), len(responses.calls)) == (3, 1)


@responses.activate
def test_what_the_issuer_says_limits_the_call(asking, engine: SmallEngine) -> None:
    scope = "patient/Encounter.r patient/DocumentReference.rs"
    responses.post(URL, json=ACTIVE | {"scope": scope, "patient": "p1", "encounter": "e1"})
    assert post(asking, OPERATION, **bearer(OPAQUE)).status_code == 200
    assert (engine.requests[0].limits.patient, engine.requests[0].limits.may_fetch_attachments) == ("p1", False)
    assert post(asking, "/fhir/Encounter/e2/$code-encounter", **bearer(OPAQUE)).status_code == 403
    assert len(engine.requests) == 1


REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "not active": ({"active": False}, 401),
    "made for another server": (ACTIVE | {"aud": "https://ehr.example/fhir"}, 401),
    "made for another tenant": (ACTIVE | {"aud": "https://coder.example/t/north/fhir"}, 401),
    "made for nobody in particular": ({name: value for name, value in ACTIVE.items() if name != "aud"}, 401),
    "of another issuer": (ACTIVE | {"iss": "https://evil.example"}, 401),
    "expired": (ACTIVE | {"exp": 1}, 401),
    "bound to a key": (ACTIVE | {"cnf": {"jkt": "x"}}, 401),
    "patient is a reference": (ACTIVE | {"patient": "Patient/p1"}, 401),
    "no scope": (ACTIVE | {"scope": ""}, 403),
    "scope is short": (ACTIVE | {"scope": "system/Encounter.r"}, 403),
    "another encounter": (ACTIVE | {"encounter": "e2"}, 403),
}


@responses.activate
@pytest.mark.parametrize(("told", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_the_issuer_says_refuses_the_call(asking, engine: SmallEngine, told: dict[str, Any], status: int) -> None:
    responses.post(URL, json=told)
    answer = post(asking, OPERATION, **bearer(OPAQUE))
    assert (answer.status_code, engine.requests) == (status, [])
    assert issue_of(answer)["code"] == ("login" if status == 401 else "forbidden")


MALFORMED = ["", "§", "a b", "a,b", "=a", "a=b", '"a"', "a\tb", "x" * 9000]


@responses.activate
@pytest.mark.parametrize("given", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_token_is_never_asked_after(asking, engine: SmallEngine, given: str) -> None:
    responses.post(URL, json=ACTIVE)
    assert post(asking, OPERATION, **bearer(given)).status_code == 401
    assert post(asking, f"{OPERATION}?access_token={OPAQUE}", **bearer(OPAQUE)).status_code == 401
    assert (len(responses.calls), engine.requests) == (0, [])


@responses.activate
def test_a_signature_proves_nothing_where_the_issuer_is_asked(asking, engine: SmallEngine) -> None:
    responses.post(URL, json={"active": False})
    assert post(asking, OPERATION, **bearer(sign(claims()))).status_code == 401
    assert engine.requests == []


@responses.activate
def test_while_the_issuer_is_down_nothing_is_done_and_the_caller_may_come_back(asking, engine: SmallEngine) -> None:
    responses.post(URL, status=503)
    answer = post(asking, OPERATION, b"{ this is never read", **bearer(OPAQUE))
    assert (answer.status_code, issue_of(answer)["code"], answer.headers["Retry-After"]) == (503, "transient", "5")
    assert "WWW-Authenticate" not in answer.headers
    assert engine.requests == []


@responses.activate
def test_a_token_of_one_tenants_client_is_401_at_another(asking, engine: SmallEngine) -> None:
    responses.post(URL, json={"active": True, "scope": SCOPE, "client_id": "north-engine"})
    assert post(asking, OPERATION, **bearer(OPAQUE)).status_code == 401
    assert engine.requests == []
    assert post(asking, "/t/north" + OPERATION, **bearer(OPAQUE)).status_code == 200


@responses.activate
def test_a_listed_client_is_not_enough_for_another_audience(asking, engine: SmallEngine) -> None:
    responses.post(URL, json=ACTIVE | {"client_id": "north-engine"})
    assert post(asking, "/t/north" + OPERATION, **bearer(OPAQUE)).status_code == 401
    assert engine.requests == []


@responses.activate
@pytest.mark.parametrize("answer", [{"json": {"active": False}}, {"status": 500}, {"json": ACTIVE}], ids=["refused", "down", "active"])
def test_neither_token_nor_secret_reaches_log_metrics_or_answer(asking, log_lines: list[logging.LogRecord], answer: dict[str, Any]) -> None:
    responses.post(URL, **answer)
    got = post(asking, OPERATION, **bearer(OPAQUE))
    said = got.get_data(as_text=True) + str(got.headers) + asking.get("/metrics").get_data(as_text=True)
    said += "".join(JsonFormatter().format(line) + str(line.args) for line in log_lines)
    assert log_lines
    assert OPAQUE not in said and "s3cretOfOurs" not in said
