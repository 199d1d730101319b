"""SMART Backend Services against oidc-provider: our client, our signatures and our published keys, judged by software that is not ours."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
import requests

from fhir_coder.backend_settings import BackendClient
from fhir_coder.ehr.backend_token import BackendToken
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.token_server import TokenServer
from fhir_coder.errors import EhrError, EhrRefused
from fhir_coder.smart.assertion import Assertions
from fhir_coder.smart.signing_key import load_key
from fhir_coder.tenant_settings import EhrSettings
from tests.contracts.authorization.authorization_server import CODER_HOST, AuthorizationServer
from tests.contracts.authorization.key_host import key_host, new_key_file
from tests.simulated_ehr import SimulatedEhr

SCOPE = "system/Encounter.rs system/Patient.r"
ALGORITHMS = ("RS384", "ES384")
KEY_SET_LASTS_S = 3600
"""What our key set says of itself (Cache-Control); the authorization server keeps it for that long."""

"""Sessions that may lead to this machine, where token servers take them."""


@pytest.fixture(scope="module")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Private keys by name; the names of algorithms are keys of that algorithm."""
    folder = tmp_path_factory.mktemp("keys")
    wanted = {"RS384": "RS384", "ES384": "ES384", "next": "ES384", "stranger": "ES384"}
    return {name: str(new_key_file(folder, name, alg)) for name, alg in wanted.items()}


class Site:
    """Our side: what is published, and clients with a key. ``ahead_s``: how far our clock is ahead; ``waits``: what clients slept."""

    def __init__(self, server: AuthorizationServer, key_files: dict[str, str], stack: ExitStack) -> None:
        self.server = server
        self.waits: list[float] = []
        self._key_files = key_files
        self._stack = stack

    def publish(self, key: str, next_key: str = "") -> None:
        """Start a server of ours that signs with one key and announces another; its key set takes the place of what was published."""
        members = {"key": self._key_files[key]} | ({"next_key": self._key_files[next_key]} if next_key else {})
        ehr = {"id": "main", "base_url": self.server.base, "client_id": "backend", "scope": SCOPE, **members}
        self.server.set(coder_upstream=self._stack.enter_context(key_host(ehr)))

    def registration(self, key: str, **changes: Any) -> BackendClient:
        return replace(BackendClient("backend", SCOPE, self._key_files[key], jku=f"{self.server.coder}/jwks"), **changes)

    def client(self, key: str, ahead_s: float = 0, **changes: Any) -> EhrClient:
        """A client of the EHR with a token of its own."""
        backend = self.registration(key, **changes)
        settings = EhrSettings("main", self.server.base, timeout_s=10, backend=backend)
        asked = TokenServer(settings.base_url, backend, now=lambda: time.time() + ahead_s, sessions=requests.Session)
        return EhrClient(settings, requests.Session(), sleep=self.waits.append, tokens=BackendToken(asked, backend.scope))

    def form(self, key: str) -> dict[str, str]:
        """What our client sends to the token endpoint."""
        asked = self.registration(key)
        assertions = Assertions(asked.client_id, load_key(asked.key), time.time, asked.jku)
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assertion = assertions.new(f"{self.server.ehr}/token")
        return {"grant_type": "client_credentials", "scope": SCOPE, "client_assertion_type": kind, "client_assertion": assertion}

    def post(self, form: dict[str, str]) -> dict[str, Any]:
        """Status, and the error if there is one."""
        answer = requests.post(f"{self.server.ehr}/token", data=form, timeout=10)
        return {"status": answer.status_code} | {name: value for name, value in answer.json().items() if name == "error"}

    @property
    def fetched(self) -> int:
        """How often the authorization server asked for our keys."""
        return len(self.server.seen("/jwks", CODER_HOST))


@pytest.fixture
def site(server: AuthorizationServer, key_files: dict[str, str]) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(server, key_files, stack)


def patient_of(ehr: SimulatedEhr) -> str:
    return ehr.held("Patient")[0]["id"]


# ------------------------------------------------------------------------------------------------------------ who we are


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("is_discovered", [True, False], ids=["discovered", "configured"])
def test_the_server_believes_our_signature_by_our_published_key(site: Site, ehr: SimulatedEhr, alg: str, is_discovered: bool) -> None:
    site.publish(alg)
    client = site.client(alg, token_url="" if is_discovered else f"{site.server.ehr}/token")
    assert client.read("Patient", patient_of(ehr))["id"] == patient_of(ehr)
    assert client.missing_scopes == ()
    assert site.fetched == 1
    assert len(site.server.seen("/fhir/.well-known/smart-configuration")) == is_discovered


def test_one_token_serves_many_calls_and_another_follows_when_the_ehr_takes_it_no_more(site: Site, ehr: SimulatedEhr) -> None:
    site.publish("ES384")
    site.server.set(access_token_ttl_s=100)
    client = site.client("ES384")
    for _ in range(3):
        client.read("Patient", patient_of(ehr))
    assert len(site.server.seen("/token")) == 1
    site.server.set(clock_offset_s=150)  # at the EHR the token is over, and our side thinks it good
    assert client.read("Patient", patient_of(ehr))["id"] == patient_of(ehr)
    assert len(site.server.seen("/token")) == 2


def test_a_stranger_with_our_name_gets_nothing(site: Site, ehr: SimulatedEhr) -> None:
    site.publish("ES384")
    with pytest.raises(EhrRefused, match="invalid_client"):
        site.client("stranger").read("Patient", patient_of(ehr))
    assert [one["method"] for one in site.server.seen("/token")] == ["POST"]
    assert not [one for one in site.server.seen() if one["path"].startswith("/fhir/Patient")]


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "nobody"}, {"client_id": "engine"}, {"kid": "another"}],
    ids=["unknown", "another's way of proof", "unknown kid"],
)
def test_a_registration_that_does_not_fit_is_refused_with_advice(site: Site, ehr: SimulatedEhr, changes: dict[str, str]) -> None:
    site.publish("ES384")
    with pytest.raises(EhrRefused, match="invalid_client: check client_id"):
        site.client("ES384", **changes).read("Patient", patient_of(ehr))


def test_an_assertion_is_never_accepted_twice(site: Site) -> None:
    """So that our rule, a new one for every request, is known to be needed: this server refuses a replay."""
    site.publish("ES384")
    form = site.form("ES384")
    assert [site.post(form)["status"], site.post(form)] == [200, {"status": 401, "error": "invalid_client"}]
    assert site.post(site.form("ES384"))["status"] == 200


@pytest.mark.parametrize(
    ("late_s", "status"),
    [(0, 200), (200, 200), (250, 401), (3600, 401)],
    ids=["at once", "within its time", "over", "long over"],
)
def test_an_assertion_that_waited_too_long_has_expired(site: Site, late_s: int, status: int) -> None:
    site.publish("ES384")
    form = site.form("ES384")
    site.server.set(clock_offset_s=late_s)
    assert site.post(form)["status"] == status


@pytest.mark.parametrize("ahead_s", [-200, -60, 60, 3600], ids=lambda one: f"our clock {one} s")
def test_clocks_that_differ(site: Site, ehr: SimulatedEhr, ahead_s: float) -> None:
    """Our clock may be behind by almost the time of an assertion; one that is ahead is no matter to this server, which looks at ``exp``."""
    site.publish("RS384")
    assert site.client("RS384", ahead_s).read("Patient", patient_of(ehr))


def test_a_clock_that_is_far_behind_is_told_as_such(site: Site, ehr: SimulatedEhr) -> None:
    site.publish("RS384")
    with pytest.raises(EhrRefused, match="that the clocks agree"):
        site.client("RS384", -300).read("Patient", patient_of(ehr))


# ------------------------------------------------------------------------------------------------------------ rotation of our keys


def test_a_key_that_was_published_before_its_use_is_known_at_once(site: Site, ehr: SimulatedEhr) -> None:
    """The server keeps our key set for its hour: only because the next key was in it, the change goes unnoticed."""
    site.publish("RS384", next_key="next")
    assert site.client("RS384").read("Patient", patient_of(ehr))
    site.publish("next")
    assert site.client("next").read("Patient", patient_of(ehr))
    assert site.fetched == 1


def test_a_key_that_was_never_announced_is_refused_until_the_key_set_is_stale(site: Site, ehr: SimulatedEhr) -> None:
    site.publish("RS384")
    assert site.client("RS384").read("Patient", patient_of(ehr))
    site.publish("next")
    with pytest.raises(EhrRefused, match="invalid_client"):
        site.client("next").read("Patient", patient_of(ehr))
    assert site.fetched == 1
    site.server.set(clock_offset_s=KEY_SET_LASTS_S + 1)
    assert site.client("next", ahead_s=KEY_SET_LASTS_S + 1).read("Patient", patient_of(ehr))
    assert site.fetched == 2


def test_a_withdrawn_key_opens_nothing_once_the_key_set_was_read_again(site: Site, ehr: SimulatedEhr) -> None:
    site.publish("RS384", next_key="next")
    assert site.client("RS384").read("Patient", patient_of(ehr))
    site.publish("next")
    later = KEY_SET_LASTS_S + 1
    site.server.set(clock_offset_s=later)
    assert site.client("next", ahead_s=later).read("Patient", patient_of(ehr))
    site.server.set(keys=["first"])  # makes the server start anew, with no key set of ours kept
    with pytest.raises(EhrRefused, match="invalid_client"):
        site.client("RS384", ahead_s=later).read("Patient", patient_of(ehr))


# ------------------------------------------------------------------------------------------------------------ what is granted


def test_scopes_that_were_not_granted_are_named_and_the_rest_works(site: Site, ehr: SimulatedEhr, caplog: pytest.LogCaptureFixture) -> None:
    site.publish("ES384")
    site.server.set(withheld=["system/Patient.r"])
    client = site.client("ES384")
    with caplog.at_level(logging.WARNING):
        assert list(client.search("Encounter", {"patient": f"Patient/{patient_of(ehr)}"}))
    assert client.missing_scopes == ("system/Patient.r",)
    assert "did not grant system/Patient.r" in caplog.text
    with pytest.raises(EhrRefused) as refused:
        client.read("Patient", patient_of(ehr))
    assert refused.value.ehr_status == 403


def test_nothing_granted_is_no_token_for_anything(site: Site, ehr: SimulatedEhr) -> None:
    site.publish("ES384")
    site.server.set(withheld=SCOPE.split())
    before = len(ehr.calls)
    with pytest.raises(EhrError):
        site.client("ES384").read("Patient", patient_of(ehr))
    assert len(ehr.calls) == before
