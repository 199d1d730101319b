"""Tokens by SMART Backend Services: through the real client, against an authorization server that checks every assertion."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from fhir_coder.backend_settings import BackendClient
from fhir_coder.connections import EhrConnections
from fhir_coder.ehr.backend_token import BackendToken
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.ehr.probe import EhrProbe
from fhir_coder.ehr.token_server import TokenServer
from fhir_coder.errors import EhrError, EhrRefused, EhrTimeout, EhrUnavailable
from fhir_coder.exchange import CodingRequest
from fhir_coder.smart.signing_key import load_key, new_key
from fhir_coder.tenant_settings import EhrSettings
from tests.ehr.conftest import document, encounter
from tests.ehr.guarded_ehr import CLIENT, SCOPE, Canned, GuardedEhr, guarded_ehr

TOKEN_PATH = "/auth/token"
DISCOVERY = "/fhir/.well-known/smart-configuration"


@dataclass
class Site:
    """``ehr`` and our configuration of it; ``clock`` is what our side takes for the time that has passed."""

    ehr: GuardedEhr
    settings: EhrSettings
    clock: list[float] = field(default_factory=lambda: [1000.0])
    waits: list[float] = field(default_factory=list)

    def client(self, **changes: Any) -> EhrClient:
        """A client with a token of its own; ``changes`` are of the registration."""
        assert self.settings.backend is not None
        backend = replace(self.settings.backend, **changes)
        server = TokenServer(self.settings.base_url, backend, clock=lambda: self.clock[0])
        tokens = BackendToken(server, backend.scope, clock=lambda: self.clock[0])
        return EhrClient(replace(self.settings, backend=backend), requests.Session(), sleep=self.waits.append, tokens=tokens)

    @property
    def asked(self) -> int:
        """How many times a token was asked for."""
        return [path for path, _ in self.ehr.seen].count(TOKEN_PATH)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    key = new_key(tmp_path / "key.pem", "ES384")
    with guarded_ehr() as ehr:
        ehr.keys = [key.public()]
        backend = BackendClient(CLIENT, SCOPE, str(tmp_path / "key.pem"), token_url=ehr.token_url)
        yield Site(ehr, EhrSettings("main", ehr.base, timeout_s=2, backend=backend))


# ------------------------------------------------------------------------------------------------------------------ the request


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_the_server_believes_who_we_are(site: Site, tmp_path: Path, alg: str) -> None:
    key = new_key(tmp_path / f"{alg}.pem", alg)
    site.ehr.keys = [key.public()]
    client = site.client(key=str(tmp_path / f"{alg}.pem"), alg=alg, jku="https://coder.example/jwks")
    assert client.read("Patient", "p1")["id"] == "p1"
    (assertion,) = site.ehr.assertions
    assert assertion["header"] == {"alg": alg, "kid": key.kid, "typ": "JWT", "jku": "https://coder.example/jwks"}
    assert 0 < assertion["exp"] - assertion["iat"] <= 300
    assert site.ehr.forms[0]["scope"] == SCOPE
    assert site.ehr.seen[-1][1] == "Bearer token-1"


def test_the_token_url_is_read_from_the_ehr_once_an_hour_and_without_a_token(site: Site) -> None:
    client = site.client(token_url="")
    client.read("Patient", "p1")
    site.clock[0] += 3000
    client.read("Patient", "p1")
    assert [seen for seen in site.ehr.seen if seen[0] == DISCOVERY] == [(DISCOVERY, "")]
    site.clock[0] += 3000
    client.read("Patient", "p1")
    assert [path for path, _ in site.ehr.seen].count(DISCOVERY) == 2


def test_a_configured_token_url_wins(site: Site) -> None:
    site.client().read("Patient", "p1")
    assert DISCOVERY not in [path for path, _ in site.ehr.seen]


@pytest.mark.parametrize(
    "found",
    [
        Canned.of(200, token_endpoint="http://192.0.2.7/token"),
        Canned.of(200, token_endpoint="https://user@evil.example/token"),
        Canned.of(200, token_endpoint=["https://ehr.example/token"]),
        Canned.of(200),
        Canned.of(404),
        Canned(200, b"<html>"),
        Canned(302, headers={"Location": "https://evil.example/"}),
    ],
)
def test_a_token_url_that_cannot_be_trusted_is_not_called(site: Site, found: Canned) -> None:
    site.ehr.canned[DISCOVERY] = [found]
    with pytest.raises(EhrRefused, match="SMART configuration"):
        site.client(token_url="").read("Patient", "p1")
    assert site.asked == 0


# ------------------------------------------------------------------------------------------------------------------- its time


def test_a_token_is_used_until_shortly_before_it_expires(site: Site) -> None:
    client = site.client()
    client.read("Patient", "p1")
    site.clock[0] += 269
    client.read("Patient", "p1")
    assert site.asked == 1
    site.clock[0] += 1
    client.read("Patient", "p1")
    assert site.asked == 2
    assert len({one["jti"] for one in site.ehr.assertions}) == 2


def test_a_token_of_a_few_seconds_is_used_at_all(site: Site) -> None:
    site.ehr.lasts_s = 10
    client = site.client()
    client.read("Patient", "p1")
    site.clock[0] += 7
    client.read("Patient", "p1")
    assert site.asked == 1
    site.clock[0] += 1
    client.read("Patient", "p1")
    assert site.asked == 2


def test_a_token_that_the_ehr_no_longer_takes_is_replaced_once(site: Site) -> None:
    client = site.client()
    client.read("Patient", "p1")
    site.ehr.live.clear()
    assert client.read("Patient", "p1")["id"] == "p1"
    assert (site.asked, site.ehr.seen[-1][1]) == (2, "Bearer token-2")


def test_a_resource_is_created_once_when_its_token_is_replaced(site: Site) -> None:
    client = site.client()
    client.capabilities()
    site.ehr.live.clear()
    client.create({"resourceType": "Task", "status": "requested", "intent": "order"})
    assert len(site.ehr.inside.held("Task")) == 1


def test_an_ehr_that_takes_no_token_is_asked_twice_and_no_more(site: Site) -> None:
    site.ehr.canned["/fhir/Patient/p1"] = [Canned(401)] * 4
    with pytest.raises(EhrRefused) as caught:
        site.client().read("Patient", "p1")
    assert (site.asked, caught.value.ehr_status, site.waits) == (2, 401, [])


def test_a_static_token_that_is_refused_is_not_tried_again(site: Site) -> None:
    with pytest.raises(EhrRefused):
        EhrClient(EhrSettings("main", site.ehr.base, "old")).read("Patient", "p1")
    assert site.ehr.seen == [("/fhir/Patient/p1", "Bearer old")]


def test_threads_share_one_token(site: Site) -> None:
    site.ehr.pause_s = 0.2
    connections = EhrConnections(None)
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda _: connections(site.settings).read("Patient", "p1")["id"], range(8)))
    assert read == ["p1"] * 8
    assert connections.once(site.settings).read("Patient", "p1")["id"] == "p1"
    assert site.asked == 1


def test_who_waits_for_another_threads_token_waits_for_a_time(site: Site) -> None:
    site.ehr.pause_s = 1.0
    connections = EhrConnections(None)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(lambda: connections(site.settings).read("Patient", "p1"))
        while not site.asked:
            time.sleep(0.01)
        hasty = replace(site.settings, timeout_s=0.1)
        with pytest.raises(EhrTimeout):
            connections.once(hasty).read("Patient", "p1")
        assert slow.result()["id"] == "p1"


def test_ehrs_do_not_share_a_token(site: Site) -> None:
    assert site.settings.backend is not None
    connections = EhrConnections(None)
    connections(site.settings).read("Patient", "p1")
    connections(replace(site.settings, backend=replace(site.settings.backend, scope="system/Patient.r"))).read("Patient", "p1")
    assert [form["scope"] for form in site.ehr.forms] == [SCOPE, "system/Patient.r"]


# -------------------------------------------------------------------------------------------------------------------- its scope


def test_scopes_that_were_not_granted_are_told(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.ehr.granted = "system/Patient.read"
    client = site.client(scope="system/Encounter.r system/Patient.rs")
    request = CodingRequest(tenant="north", encounter_id="e1", encounter=encounter(), notes=(document(),))
    with caplog.at_level(logging.WARNING):
        warnings = gather(request, client).warnings
        site.clock[0] += 300
        client.read("Patient", "p1")
    assert site.asked == 2
    assert "the EHR's authorization server did not grant system/Encounter.r: what needs them may be missing" in warnings
    assert [one.message for one in caplog.records if "grant" in one.message] == [
        "the EHR's authorization server did not grant system/Encounter.r"
    ]
    states = EhrProbe(lambda ehr: client).states({"north/main": site.settings})
    assert states == {"north/main": "reachable, not granted: system/Encounter.r"}


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_the_type_of_a_token_is_read_in_any_case(site: Site, kind: str) -> None:
    site.ehr.token_type = kind
    assert site.client().read("Patient", "p1")["id"] == "p1"


# ------------------------------------------------------------------------------------------------------------------------ faults

GRANT = {"access_token": "tok-secret", "token_type": "bearer", "expires_in": 300, "scope": SCOPE}


def without(name: str, **changes: Any) -> Canned:
    return Canned.of(200, **{key: value for key, value in (GRANT | changes).items() if key != name})


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (Canned.of(400, error="invalid_client", error_description="secret-words"), EhrRefused, "invalid_client: check client_id, kid"),
        (Canned.of(401, error="invalid_scope"), EhrRefused, "invalid_scope: ask in scope"),
        (Canned.of(400, error="secret-words"), EhrRefused, "answered 400"),
        (Canned(403, b"<html>secret-words"), EhrRefused, "answered 403"),
        (Canned(500, b"secret-words"), EhrUnavailable, "answered 500"),
        (Canned(302, headers={"Location": "/auth/other"}), EhrRefused, "redirects"),
        (Canned(307, headers={"Location": "/auth/other"}), EhrRefused, "redirects"),
        (Canned(200, b"<html>secret-words"), EhrRefused, "no access_token"),
        (Canned(200, b'["secret-words"]'), EhrRefused, "no access_token"),
        (Canned(200, b"[" * 100_000), EhrRefused, "no access_token"),
        (without("access_token"), EhrRefused, "no access_token"),
        (without("", access_token="tok-secret\r\nX: y"), EhrRefused, "no access_token"),
        (without("token_type"), EhrRefused, "token_type"),
        (without("", token_type="mac"), EhrRefused, "token_type"),
        (without("expires_in"), EhrRefused, "expires_in"),
        (without("", expires_in=0), EhrRefused, "expires_in"),
        (without("", expires_in=True), EhrRefused, "expires_in"),
        (without("", expires_in="soon"), EhrRefused, "expires_in"),
        (without("", expires_in=float("nan")), EhrRefused, "expires_in"),
    ],
)
def test_what_a_failed_request_becomes(site: Site, answer: Canned, error: type[EhrError], told: str) -> None:
    site.ehr.canned[TOKEN_PATH] = [answer]
    with pytest.raises(error, match=told) as caught:
        site.client().read("Patient", "p1")
    assert [path for path, _ in site.ehr.seen] == [TOKEN_PATH]
    assert not any(secret in f"{caught.value!r} {caught.value.outcome}" for secret in ("secret-words", "tok-secret", "eyJ"))


def test_a_server_that_hangs_is_a_timeout(site: Site) -> None:
    site.settings = replace(site.settings, timeout_s=0.2)
    site.ehr.canned[TOKEN_PATH] = [Canned(pause_s=0.5)] * 4
    with pytest.raises(EhrTimeout, match="authorization server did not answer"):
        site.client().read("Patient", "p1")


def test_nobody_there_is_unavailable(site: Site) -> None:
    with pytest.raises(EhrUnavailable, match="authorization server cannot be reached"):
        site.client(token_url="http://127.0.0.1:9/token").read("Patient", "p1")


def test_each_try_has_an_assertion_of_its_own(site: Site) -> None:
    site.ehr.canned_after_proof = [Canned(503), Canned(503)]
    assert site.client().read("Patient", "p1")["id"] == "p1"
    assert len({one["jti"] for one in site.ehr.assertions}) == site.asked == 3
    assert len(site.waits) == 2


def test_a_key_that_is_not_registered_is_refused_and_says_what_to_do(site: Site) -> None:
    site.ehr.keys = []
    with pytest.raises(EhrRefused, match="that our public key is registered there"):
        site.client().read("Patient", "p1")


def test_the_next_key_works_from_the_day_it_takes_over(site: Site, tmp_path: Path) -> None:
    following = new_key(tmp_path / "next.pem", "RS384")
    site.ehr.keys.append(following.public())
    assert site.client().read("Patient", "p1")["id"] == "p1"
    assert site.client(key=str(tmp_path / "next.pem")).read("Patient", "p1")["id"] == "p1"
    old = load_key(str(tmp_path / "key.pem")).kid
    assert [one["header"]["kid"] for one in site.ehr.assertions] == [old, following.kid]


# -------------------------------------------------------------------------------------------------------------- where tokens go


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_with_a_token(site: Site, status: int) -> None:
    with guarded_ehr() as elsewhere:
        site.ehr.canned["/fhir/Patient/p1"] = [Canned(status, headers={"Location": f"{elsewhere.base}/Patient/p1"})]
        with pytest.raises(EhrRefused, match="redirects"):
            site.client().read("Patient", "p1")
        assert elsewhere.seen == []


def test_a_foreign_server_gets_no_token(site: Site) -> None:
    with guarded_ehr() as elsewhere:
        site.settings = replace(site.settings, foreign_urls=(elsewhere.base,))
        client = site.client()
        client.read("Patient", "p1")
        for url, error in (
            (f"{elsewhere.base}/Binary/b1", "401"),
            (f"{site.ehr.origin}/fhir2/Binary/b1", "outside"),
            (site.ehr.token_url, "outside"),
        ):
            with pytest.raises(EhrRefused, match=error):
                client.read_attachment({"url": url})
        assert elsewhere.seen == [("/fhir/Binary/b1", "")]
        assert site.asked == 1
