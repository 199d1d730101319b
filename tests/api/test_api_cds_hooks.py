"""CDS Hooks over HTTP: what is offered, what a card holds, and every way in which a call is refused with nothing read."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from flask import Flask
from werkzeug.test import TestResponse

from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.api.cds_hooks import create_cds_hooks
from fhir_coder.api.guards import Guards
from fhir_coder.app import hook_parts
from fhir_coder.audit.entry import AgentKind, AuditEntry, Success
from fhir_coder.cds_hooks.tally import Tally
from fhir_coder.errors import ConfigurationError
from fhir_coder.settings import Settings
from fhir_coder.tenant_settings import DEFAULT_TENANT, EhrSettings, Tenant
from fhir_coder.throttle.counter_file import CounterFile
from fhir_coder.throttle.rates import Counters
from tests.api.conftest import SmallEngine, issue_of
from tests.smart.issuer import OTHER_RSA, P384, RSA, encode, key_set, sign, sign_plainly

ISS = "https://ehr.example"
BASE = "https://ehr.example/fhir"
ROOT = "https://coder.example"
SERVICE = "/cds-services/encounter-discharge"
OPENER = "/cds-services/patient-view"
INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
MARKER = "Zyxwomarker"


class Store:
    """One coding of one encounter at the EHR ``main`` of ``default`` and of ``south``; remembers what it was asked and which tokens were used."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.used: set[tuple[str, str, str]] = set()
        self.known = Tally("c0ffee", "Patient/p1", 3, 2, 0)

    def tally(self, tenant: str, ehr: str, encounter_reference: str) -> Tally | None:
        self.asked.append((tenant, ehr, encounter_reference))
        return self.known if tenant in {"default", "south"} and (ehr, encounter_reference) == ("main", "Encounter/e1") else None

    def first_use(self, tenant: str, issuer: str, token_id: str, until: float) -> bool:
        is_first = (tenant, issuer, token_id) not in self.used
        self.used.add((tenant, issuer, token_id))
        return is_first


class House:
    """The server with its CDS services, its store and its audit."""

    def __init__(
        self, rows: list[dict[str, Any]], sandbox: bool = False, public_url: str = ROOT, counters: Counters | None = None, **rates: str
    ) -> None:
        self.store, self.audit = Store(), list[AuditEntry]()
        environment = {"FHIR_CODER_TENANTS": json.dumps(rows), "FHIR_CODER_PUBLIC_URL": public_url, **rates}
        settings = Settings.from_environment(environment, sandbox=sandbox)
        tenants = {"default": Tenant("default")} | {one.id: one for one in settings.tenants}
        if sandbox:
            tenants["default"] = Tenant("default", (EhrSettings("main", BASE),))
        parts = hook_parts(settings, tenants, self.store, Guards.of(settings, counters, self.audit.append))  # type: ignore[arg-type]
        app = Flask("test", static_folder=None)
        app.register_blueprint(create_api(SmallEngine(), settings))
        app.register_blueprint(create_cds_hooks(parts, DEFAULT_TENANT))
        install_error_handlers(app)
        self.client = app.test_client()

    def post(self, url: str, body: Any, token: str | None = None, **headers: str) -> TestResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}) | headers
        return self.client.post(url, data=data, headers=given)


def tenant(keys: Path, **client: Any) -> dict[str, Any]:
    hooks = [{"iss": ISS, "jwks_file": str(keys), **client}]
    return {"id": "default", "ehrs": [{"id": "main", "base_url": BASE}], "cds_hooks": hooks}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_bytes(key_set())
    return path


@pytest.fixture
def house(keys: Path) -> House:
    north = {"id": "north", "ehrs": [{"id": "main", "base_url": "https://north.example/fhir"}]}
    return House([tenant(keys), north, {"id": "south", "ehrs": north["ehrs"], "cds_hooks": [{"iss": ISS, "jwks_file": str(keys)}]}])


COUNTER: Iterator[int] = iter(range(1_000_000))


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that are good now for the first service; None takes one away."""
    now = int(time.time())
    good = {"iss": ISS, "aud": ROOT + SERVICE, "iat": now, "exp": now + 300, "jti": f"j{next(COUNTER)}"}
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(**changes: Any) -> str:
    return sign(claims(**changes))


def call(hook: str = "encounter-discharge", context: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """A call as the specification shows it; None takes a member away."""
    who = {"userId": "Practitioner/7", "patientId": "p1", "encounterId": "e1"}
    good = {"hook": hook, "hookInstance": INSTANCE, "fhirServer": BASE, "context": without(who | (context or {}))}
    return without(good | members)


def without(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


# ---------------------------------------------------------------------------------------------------------------- what is offered


def check_no_nulls(value: Any, is_top: bool = True) -> None:
    """CDS Hooks 2.0, "JSON": no null and no empty value, but for the list of cards."""
    assert value is not None and (value not in ("", [], {}) or is_top)
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        check_no_nulls(one, is_top=False)


@pytest.mark.parametrize("address", ["/cds-services", "/cds-services/", "/t/default/cds-services", "/t/south/cds-services"])
def test_discovery(house: House, address: str) -> None:
    answer = house.client.get(address)
    assert (answer.status_code, answer.mimetype, answer.headers["Access-Control-Allow-Origin"]) == (200, "application/json", "*")
    document = answer.get_json()
    check_no_nulls(document)
    assert [(one["id"], one["hook"]) for one in document["services"]] == [
        ("encounter-discharge", "encounter-discharge"),
        ("patient-view", "patient-view"),
    ]
    assert all(one["description"] and "prefetch" not in one for one in document["services"])


@pytest.mark.parametrize("address", ["/t/north/cds-services", "/t/nobody/cds-services", "/t/north" + SERVICE, "/cds-services/order-sign"])
def test_who_has_no_cds_clients_has_no_services(house: House, address: str) -> None:
    answer = house.client.get(address) if address.endswith("cds-services") else house.post(address, call(), token())
    assert (answer.status_code, issue_of(answer)["code"], house.store.asked) == (404, "not-supported", [])


@pytest.mark.parametrize("address", ["/cds-services", SERVICE, SERVICE + "/feedback", "/t/south" + SERVICE])
def test_a_page_of_any_origin_may_ask(house: House, address: str) -> None:
    asked = {"Origin": "https://ehr.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = house.client.options(address, headers=asked)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_refusal_can_be_read_by_a_page_too(house: House) -> None:
    assert house.post(SERVICE, call()).headers["Access-Control-Allow-Origin"] == "*"


# ---------------------------------------------------------------------------------------------------------------------- the card


def card_in(answer: TestResponse) -> dict[str, Any]:
    """The only card, valid by the rules of CDS Hooks 2.0."""
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, "application/json", "no-store")
    document = answer.get_json()
    check_no_nulls(document)
    assert set(document) == {"cards"}
    (card,) = document["cards"]
    assert set(card) == {"uuid", "summary", "indicator", "source", "links"}
    assert len(card["summary"]) < 140 and card["indicator"] in {"info", "warning"} and card["source"]["label"]
    for link in card["links"]:
        assert link["type"] in {"absolute", "smart"} and link["url"].startswith("https://")
        assert ("appContext" in link) <= (link["type"] == "smart")
    return card


COUNTS = {
    (3, 2, 0): ("Coding of this encounter: 3 ICD-10-CM codes proposed, 2 to review", "info"),
    (1, 0, 0): ("Coding of this encounter: 1 ICD-10-CM code proposed", "info"),
    (0, 0, 0): ("Coding of this encounter: No ICD-10-CM code proposed", "info"),
    (12, 12, 1): ("Coding of this encounter: 12 ICD-10-CM codes proposed, 12 to review; 1 compliance finding to resolve", "warning"),
    (9999, 9999, 9999): (
        "Coding of this encounter: 9999 ICD-10-CM codes proposed, 9999 to review; 9999 compliance findings to resolve",
        "warning",
    ),
}


@pytest.mark.parametrize(("counts", "said"), COUNTS.items())
def test_the_card_says_how_many_and_where_to_look(house: House, counts: tuple[int, int, int], said: tuple[str, str]) -> None:
    house.store.known = Tally("c0ffee", "Patient/p1", *counts)
    card = card_in(house.post(SERVICE, call(), token()))
    assert (card["summary"], card["indicator"]) == said
    assert card["links"] == [{"label": "Review the coding", "url": f"{ROOT}/review/encounters/c0ffee", "type": "absolute"}]
    assert house.store.asked == [("default", "main", "Encounter/e1")]


def test_a_smart_link_launches_our_app_for_that_coding(keys: Path) -> None:
    card = card_in(House([tenant(keys, link="smart")]).post(SERVICE, call(), token()))
    assert card["links"] == [{"label": "Review the coding", "url": f"{ROOT}/launch", "type": "smart", "appContext": '{"coding": "c0ffee"}'}]


@pytest.mark.parametrize(("link", "url"), [("absolute", f"{ROOT}/review/encounters/c0ffee"), ("smart", f"{ROOT}/t/south/launch")])
def test_a_tenants_card_leads_to_its_own_launch_and_to_the_page_of_all(keys: Path, link: str, url: str) -> None:
    house = House([tenant(keys, link=link) | {"id": "south"}])
    card = card_in(house.post("/t/south" + SERVICE, call(), token(aud=f"{ROOT}/t/south{SERVICE}")))
    assert card["links"][0]["url"] == url


def test_a_card_keeps_its_name(house: House) -> None:
    assert card_in(house.post(SERVICE, call(), token()))["uuid"] == card_in(house.post(SERVICE, call(), token()))["uuid"]


NO_CARD = {
    "another patient": call(context={"patientId": "p2"}),
    "another encounter": call(context={"encounterId": "e2"}),
    "nothing of the patient is said when a chart is opened without an encounter": call("patient-view", {"encounterId": None}),
}


@pytest.mark.parametrize("body", NO_CARD.values(), ids=NO_CARD.keys())
def test_what_is_not_known_gives_no_card(house: House, body: dict[str, Any]) -> None:
    address = f"/cds-services/{body['hook']}"
    answer = house.post(address, body, token(aud=ROOT + address))
    assert (answer.status_code, answer.get_json()) == (200, {"cards": []})


@pytest.mark.parametrize(("counts", "cards"), [((3, 0, 0), 0), ((3, 1, 0), 1), ((3, 0, 1), 1)])
def test_an_opened_chart_gives_a_card_only_where_somebody_has_to_look(house: House, counts: tuple[int, int, int], cards: int) -> None:
    house.store.known = Tally("c0ffee", "Patient/p1", *counts)
    answer = house.post(OPENER, call("patient-view"), token(aud=ROOT + OPENER))
    assert len(answer.get_json()["cards"]) == cards


def test_no_ehr_named_is_the_only_one_configured(house: House) -> None:
    assert card_in(house.post(SERVICE, call(fhirServer=None), token()))


def test_of_two_ehrs_none_is_guessed(keys: Path) -> None:
    row = tenant(keys)
    row["ehrs"].append({"id": "other", "base_url": "https://other.example/fhir"})
    house = House([row])
    assert house.post(SERVICE, call(fhirServer=None), token()).get_json() == {"cards": []}
    assert house.store.asked == []


def test_what_the_ehr_gives_beside_ids_is_neither_read_nor_sent_nor_kept(house: House) -> None:
    body = call(
        fhirAuthorization={"access_token": MARKER, "token_type": "Bearer", "expires_in": 300, "scope": "user/*.*", "subject": "us"},
        prefetch={"patient": {"resourceType": "Patient", "name": [{"text": MARKER}]}},
        extension={"note": MARKER},
    )
    with responses.RequestsMock():  # any request would fail
        answer = house.post(SERVICE, body, token())
    assert card_in(answer)
    assert MARKER not in answer.get_data(as_text=True) + str(answer.headers) + repr(house.audit)


@pytest.mark.parametrize(
    "make", [lambda: sign(claims(), P384, alg="ES384", kid="p384"), lambda: token(aud=["x", f"{ROOT}/t/default{SERVICE}"])]
)
def test_other_good_tokens(house: House, make: Callable[[], str]) -> None:
    assert card_in(house.post(SERVICE, call(), make()))


# ---------------------------------------------------------------------------------------------------------------- who is refused


def after(seconds: float) -> float:
    return int(time.time()) + seconds


BAD_TOKENS: dict[str, Callable[[], str | None]] = {
    "none": lambda: None,
    "alg none": lambda: f"{encode({'alg': 'none'})}.{encode(claims())}.",
    "HS256": lambda: f"{encode({'alg': 'HS256', 'kid': 'rsa'})}.{encode(claims())}.AAAA",
    "signed by a stranger": lambda: sign(claims(), OTHER_RSA),
    "stranger with jku": lambda: sign(claims(), OTHER_RSA, jku="https://evil.example/jwks"),
    "unknown kid": lambda: sign(claims(), RSA, kid="unknown"),
    "claims of a bearer token": sign_plainly,
    "unknown iss": lambda: token(iss="https://evil.example"),
    "iss with a slash": lambda: token(iss=f"{ISS}/"),
    "iss is a list": lambda: token(iss=[ISS]),
    "no iss": lambda: token(iss=None),
    "aud of another service": lambda: token(aud=ROOT + OPENER),
    "aud of feedback": lambda: token(aud=f"{ROOT}{SERVICE}/feedback"),
    "aud of discovery": lambda: token(aud=f"{ROOT}/cds-services"),
    "aud of the FHIR base": lambda: token(aud=f"{ROOT}/fhir"),
    "aud of another server": lambda: token(aud=f"https://other.example{SERVICE}"),
    "aud of another tenant": lambda: token(aud=f"{ROOT}/t/south{SERVICE}"),
    "no aud": lambda: token(aud=None),
    "expired": lambda: token(exp=after(-90)),
    "no exp": lambda: token(exp=None),
    "good for a day": lambda: token(exp=after(86_400)),
    "no iat": lambda: token(iat=None),
    "iat in the future": lambda: token(iat=after(3600)),
    "no jti": lambda: token(jti=None),
    "empty jti": lambda: token(jti=""),
    "jti is a number": lambda: token(jti=7),
    "jti is half a letter": lambda: token(jti="\ud800"),
    "endless jti": lambda: token(jti="x" * 256),
    "bound to a key": lambda: token(cnf={"jkt": "x"}),
    "opaque": lambda: "2YotnFZFEjr1zCsicMWpAA",
    "claims are a list": lambda: sign(b"[1]"),
    "garbage": lambda: "a.b.c",
}


@pytest.mark.parametrize("make", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_a_call_without_a_good_token_is_401_and_nothing_is_read(house: House, make: Callable[[], str | None]) -> None:
    with responses.RequestsMock():
        answer = house.post(SERVICE, b"{ this is never read", make())
    assert (answer.status_code, issue_of(answer)["code"], house.store.asked) == (401, "login", [])
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert [(one.event, one.success, one.agent.kind) for one in house.audit] == [("cds-hooks", Success.REFUSED, AgentKind.NOBODY)]


def test_a_token_counts_once(house: House) -> None:
    given = token()
    assert house.post(SERVICE, call(), given).status_code == 200
    assert house.post(SERVICE, call(), given).status_code == 401
    assert house.post("/t/default" + SERVICE, call(), given).status_code == 401
    assert len(house.store.asked) == 1


def test_a_token_that_is_refused_is_not_used_up_by_a_stranger(house: House) -> None:
    """Who knows a jti must not be able to spend it."""
    mine = claims()
    assert house.post(SERVICE, call(), sign(mine, OTHER_RSA)).status_code == 401
    assert house.post(SERVICE, call(), sign(mine)).status_code == 200


def test_a_token_of_one_tenants_client_is_401_at_another(house: House) -> None:
    assert house.post("/t/south" + SERVICE, call(fhirServer="https://north.example/fhir"), token()).status_code == 401
    assert house.store.asked == []


@pytest.mark.parametrize("where", ["two headers", "in the address"])
def test_a_token_stands_in_one_header(house: House, where: str) -> None:
    if where == "two headers":
        headers: Any = [("Authorization", f"Bearer {token()}"), ("Authorization", f"Bearer {token()}")]
        answer = house.client.post(SERVICE, data=json.dumps(call()), headers=headers)
    else:
        answer = house.post(f"{SERVICE}?access_token={token()}", call(), token())
    assert (answer.status_code, house.store.asked) == (401, [])


SERVERS = [
    "https://evil.example/fhir",
    "https://ehr.example.evil.example/fhir",
    "https://ehr.example/fhir/../../evil",
    "https://ehr.example/fhir2",
    "https://ehr.example",
    "https://ehr.example:8443/fhir",
    "http://ehr.example/fhir",
    "https://user@ehr.example/fhir",
    "https://ehr.example/fhir?x=1",
    "https://ehr.example/fhir#x",
    "https://north.example/fhir",
    "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "https://ehr.example\\@evil.example/fhir",
    "//ehr.example/fhir",
    "https://[::1/fhir",
    "nowhere",
]


@pytest.mark.parametrize("server", SERVERS)
def test_a_fhir_server_that_the_client_may_not_name_is_403_and_never_called(house: House, server: str) -> None:
    with responses.RequestsMock():
        answer = house.post(SERVICE, call(fhirServer=server), token())
    assert (answer.status_code, issue_of(answer)["code"], house.store.asked) == (403, "forbidden", [])
    assert server not in answer.get_data(as_text=True)


def test_a_client_names_its_own_fhir_servers_only(keys: Path) -> None:
    """Not every one of the tenant's."""
    row = tenant(keys, fhir_servers=[BASE])
    row["ehrs"].append({"id": "other", "base_url": "https://other.example/fhir"})
    house = House([row])
    assert house.post(SERVICE, call(fhirServer="https://other.example/fhir"), token()).status_code == 403
    assert house.store.asked == []
    assert card_in(house.post(SERVICE, call(), token()))


@pytest.mark.parametrize("server", [f"{BASE}/", "HTTPS://EHR.example/fhir"])
def test_a_fhir_server_is_the_same_in_other_letters(house: House, server: str) -> None:
    assert card_in(house.post(SERVICE, call(fhirServer=server), token()))


@pytest.mark.parametrize(
    "body", [b"{", call("patient-view"), call(fhirServer="https://evil.example")], ids=["no JSON", "another hook", "another server"]
)
def test_a_call_of_a_client_that_is_refused_is_written_down_too(house: House, body: Any) -> None:
    house.post(SERVICE, body, token())
    assert [(one.event, one.success, one.agent.id, dict(one.detail)["service"]) for one in house.audit] == [
        ("cds-hooks", Success.REFUSED, ISS, "encounter-discharge")
    ]
    assert dict(house.audit[0].detail)["error"].startswith("FC")


def narrow(keys: Path, tmp_path: Path) -> House:
    """Three calls of a client a minute, two calls from an address that prove nothing."""
    counters = CounterFile(tmp_path / "rates.sqlite", lambda: 1_000_000.0)
    rates = {"FHIR_CODER_RATE_LIMIT": "3/minute", "FHIR_CODER_FAILURE_LIMIT": "2/minute"}
    return House([tenant(keys)], counters=counters, **rates)


def test_a_client_that_calls_too_often_is_429_and_nothing_is_read_or_written_down(keys: Path, tmp_path: Path) -> None:
    house = narrow(keys, tmp_path)
    answers = [house.post(SERVICE, call(), token()) for _ in range(5)]
    assert [one.status_code for one in answers] == [200] * 3 + [429] * 2
    assert (len(house.store.asked), len(house.audit)) == (3, 3)
    assert int(answers[-1].headers["Retry-After"]) >= 1 and issue_of(answers[-1])["code"] == "throttled"


def test_a_flood_without_good_tokens_does_not_fill_the_audit_and_holds_nobody_up(keys: Path, tmp_path: Path) -> None:
    house = narrow(keys, tmp_path)
    answers = [house.post(f"{SERVICE}{path}", call(), "a.b.c").status_code for path in ("", "/feedback") * 4]
    assert answers == [401, 401] + [429] * 6 and len(house.audit) == 2
    assert house.post(SERVICE, call(), token()).status_code == 200


FAULTY: dict[str, Any] = {
    "no JSON": b"{",
    "a list": b"[]",
    "empty": b"",
    "twice the same name": b'{"hook": "encounter-discharge", "hook": "encounter-discharge"}',
    "nested without end": b'{"context":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "no hook": call(hook=None),  # type: ignore[arg-type]
    "another hook": call("patient-view"),
    "no hookInstance": call(hookInstance=None),
    "hookInstance is no UUID": call(hookInstance="1"),
    "hookInstance goes on": call(hookInstance=INSTANCE + "\r\nX: y"),
    "no context": call() | {"context": None},
    "context is text": call() | {"context": "e1"},
    "no user": call(context={"userId": None}),
    "no patient": call(context={"patientId": None}),
    "no encounter": call(context={"encounterId": None}),
    "patient is a reference": call(context={"patientId": "Patient/p1"}),
    "encounter is a path": call(context={"encounterId": "../e1"}),
    "encounter is a list": call(context={"encounterId": ["e1"]}),
    "user is a sentence": call(context={"userId": f"Dr. {MARKER}"}),
    "fhirServer is a list": call(fhirServer=[BASE]),
    "a token without its server": call(fhirServer=None, fhirAuthorization={"access_token": "x"}),
}


@pytest.mark.parametrize("body", FAULTY.values(), ids=FAULTY.keys())
def test_a_faulty_call_is_400_and_nothing_is_read(house: House, body: Any) -> None:
    answer = house.post(SERVICE, body, token())
    assert (answer.status_code, house.store.asked) == (400, [])
    assert issue_of(answer)["severity"] == "error" and MARKER not in answer.get_data(as_text=True)


def test_a_call_that_is_too_large_is_413(house: House) -> None:
    assert house.post(SERVICE, call(prefetch={"x": "y" * 1_100_000}), token()).status_code == 413


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/fhir+xml"])
def test_another_media_type_is_415(house: House, content_type: str) -> None:
    assert house.post(SERVICE, call(), token(), **{"Content-Type": content_type}).status_code == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_405(house: House, method: str) -> None:
    assert house.client.open(SERVICE, method=method).status_code == 405


# ------------------------------------------------------------------------------------------------------------- feedback and record

FEEDBACK = f"{SERVICE}/feedback"
ONE = {"card": INSTANCE, "outcome": "overridden", "outcomeTimestamp": "2026-11-26T10:05:31Z"}


def test_feedback_is_written_down_without_what_the_user_wrote(house: House) -> None:
    row = ONE | {"overrideReason": {"reason": {"code": "d7ecf885"}, "userComment": MARKER}}
    answer = house.post(FEEDBACK, {"feedback": [row]}, token(aud=ROOT + SERVICE))
    assert (answer.status_code, answer.data) == (200, b"")
    (entry,) = house.audit
    assert entry.event == "cds-hooks-feedback"
    assert entry.detail == {"service": "encounter-discharge", "card": INSTANCE, "outcome": "overridden"}
    assert MARKER not in repr(house.audit)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"feedback": []},
        {"feedback": [1]},
        {"feedback": [ONE] * 51},
        {"feedback": [ONE | {"card": "x"}]},
        {"feedback": [ONE | {"outcome": MARKER}]},
    ],
    ids=range(7),
)
def test_faulty_feedback_is_400(house: House, body: Any) -> None:
    answer = house.post(FEEDBACK, body, token(aud=ROOT + FEEDBACK))
    assert (answer.status_code, house.audit) == (400, [])


def test_feedback_needs_a_token_too(house: House) -> None:
    assert house.post(FEEDBACK, {"feedback": [ONE]}).status_code == 401
    assert house.post(FEEDBACK, {"feedback": [ONE]}, token(aud=f"{ROOT}{OPENER}/feedback")).status_code == 401


def test_who_asked_about_whom_is_written_down(house: House) -> None:
    house.post(SERVICE, call(), token())
    (entry,) = house.audit
    assert (entry.tenant, entry.event, entry.success, entry.agent.id) == ("default", "cds-hooks", Success.DONE, ISS)
    assert (entry.patient, entry.entities) == ("Patient/p1", ("Encounter/e1",))
    assert entry.detail == {"service": "encounter-discharge", "hookInstance": INSTANCE, "user": "Practitioner/7", "cards": "1"}
    assert re.fullmatch(r"[0-9a-f\-]{36}", entry.request_id)


# ------------------------------------------------------------------------------------------------------ sandbox and configuration


def test_in_the_sandbox_this_machine_needs_no_token() -> None:
    house = House([], sandbox=True, public_url="")
    answer = house.post(SERVICE, call())
    assert answer.get_json()["cards"][0]["links"][0]["url"] == "http://localhost/review/encounters/c0ffee"
    far = house.client.post(SERVICE, json=call(), environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert (far.status_code, len(house.store.asked)) == (401, 1)


def test_in_the_sandbox_configured_clients_prove_themselves(keys: Path) -> None:
    house = House([tenant(keys)], sandbox=True)
    assert house.post(SERVICE, call()).status_code == 401
    assert house.post(SERVICE, call(), token()).status_code == 200


def test_outside_the_sandbox_nothing_is_offered_unasked() -> None:
    house = House([])
    assert (house.client.get("/cds-services").status_code, house.post(SERVICE, call()).status_code) == (404, 404)


def test_our_own_address_must_be_known(keys: Path) -> None:
    with pytest.raises(ConfigurationError, match="FHIR_CODER_PUBLIC_URL"):
        House([tenant(keys)], public_url="")


CONFIGURATIONS: dict[str, Any] = {
    "an object": {"iss": ISS},
    "text": "secret-value",
    "no iss": [{"jwks_file": "/k"}],
    "empty iss": [{"iss": "", "jwks_file": "/k"}],
    "no keys": [{"iss": ISS}],
    "keys twice": [{"iss": ISS, "jwks_file": "/k", "jwks_url": "https://ehr.example/jwks"}],
    "keys over http": [{"iss": ISS, "jwks_url": "http://secret-value/jwks"}],
    "HS256": [{"iss": ISS, "jwks_file": "/k", "algorithms": ["HS256"]}],
    "no algorithm": [{"iss": ISS, "jwks_file": "/k", "algorithms": []}],
    "an EHR of nobody": [{"iss": ISS, "jwks_file": "/k", "fhir_servers": ["https://secret-value/fhir"]}],
    "no EHR": [{"iss": ISS, "jwks_file": "/k", "fhir_servers": []}],
    "EHR as text": [{"iss": ISS, "jwks_file": "/k", "fhir_servers": BASE}],
    "another link": [{"iss": ISS, "jwks_file": "/k", "link": "secret-value"}],
    "twice": [{"iss": ISS, "jwks_file": "/k"}, {"iss": ISS, "jwks_file": "/k"}],
    "misspelt": [{"iss": ISS, "jwks_file": "/k", "fhir_server": [BASE]}],
}


@pytest.mark.parametrize("hooks", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_a_faulty_configuration_stops_the_start(hooks: Any) -> None:
    row = {"id": "default", "ehrs": [{"id": "main", "base_url": BASE}], "cds_hooks": hooks}
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps([row])})
    assert "FHIR_CODER_TENANTS" in caught.value.message and "secret-value" not in caught.value.message
