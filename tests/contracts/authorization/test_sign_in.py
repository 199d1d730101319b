"""Our sign-in library against oidc-provider: EHR launch, standalone launch and OpenID Connect, by every way to prove who the client is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from fhir_coder.errors import LaunchDenied, LaunchFailed, LaunchInvalid, LaunchRefused, SignedOut
from fhir_coder.smart.launch.flow import AuthorizationFlow
from fhir_coder.smart.launch.launched import Launched, Pending
from fhir_coder.smart.launch.registration import Registration, read_launch, read_sign_in
from tests.contracts.authorization.authorization_server import AuthorizationServer
from tests.contracts.authorization.key_host import key_host, new_key_file
from tests.contracts.authorization.person import Person
from tests.contracts.authorization.registered import SECRET

METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
SCOPE = (
    "openid fhirUser profile launch/patient launch/encounter offline_access patient/Patient.r patient/Encounter.r patient/Observation.rs"
)
GRANTED = set(SCOPE.split()) - {"patient/Observation.rs"}
CONTEXT = {
    "patient": "p1",
    "encounter": "e1",
    "need_patient_banner": False,
    "intent": "review",
    "fhirContext": [{"reference": "ImagingStudy/7"}],
}


class Site:
    """Our side: registrations made of a configuration, and the clock by which its memory ages."""

    def __init__(self, server: AuthorizationServer, secret: Path, key: Path) -> None:
        self.server = server
        self.clock_s = 0.0
        self._proofs: dict[str, dict[str, str]] = {
            "none": {},
            "client_secret_basic": {"secret_file": str(secret)},
            "client_secret_post": {"secret_file": str(secret)},
            "private_key_jwt": {"key": str(key)},
        }

    def registration(self, auth: str = "none", **members: Any) -> Registration:
        given = {"client_id": f"app-{auth}", "auth": auth, "scope": SCOPE} | self._proofs[auth] | members
        return read_launch("north", "main", self.server.base, given)

    def flow(self, *registrations: Registration) -> AuthorizationFlow:
        return AuthorizationFlow(registrations or [self.registration()], requests.Session, time.time, lambda: self.clock_s)

    def begin(self, flow: AuthorizationFlow, launch: str = "of-today") -> tuple[str, Pending]:
        registration = flow.find(self.server.base)
        assert registration is not None
        return flow.begin(registration, f"{self.server.coder}/callback", launch)

    def launch(self, flow: AuthorizationFlow, launch: str = "of-today") -> Launched:
        url, pending = self.begin(flow, launch)
        return flow.finish(pending, Person(self.server).decides(url))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The secret and the private key of our clients."""
    folder = tmp_path_factory.mktemp("proofs")
    (folder / "secret").write_text(SECRET, encoding="utf-8")
    (folder / "secret").chmod(0o600)
    return folder / "secret", new_key_file(folder, "app", "ES384")


@pytest.fixture
def site(server: AuthorizationServer, files: tuple[Path, Path]) -> Iterator[Site]:
    secret, key = files
    ehr = {"id": "main", "base_url": server.base, "client_id": "backend", "scope": "system/Patient.r", "key": str(key)}
    with key_host(ehr) as origin:
        server.set(coder_upstream=origin, launches={"of-today": CONTEXT}, standalone={"patient": "p7", "encounter": "e7"})
        yield Site(server, secret, key)


@pytest.mark.parametrize("auth", METHODS)
def test_a_launch_from_the_ehr(site: Site, auth: str) -> None:
    launched = site.launch(site.flow(site.registration(auth)))
    assert (launched.patient, launched.encounter, launched.intent, launched.need_patient_banner) == ("p1", "e1", "review", False)
    assert [dict(one) for one in launched.fhir_context] == CONTEXT["fhirContext"]
    assert (launched.subject, launched.fhir_user, launched.name) == ("dr-amara", "Practitioner/dr-amara", "Dr Amara Osei")
    assert set(launched.scope.split()) == GRANTED | {"launch"}
    assert 290 < launched.expires_at - time.time() <= 300
    assert (launched.issuer, launched.id_issuer) == (site.server.base, site.server.ehr)


@pytest.mark.parametrize("auth", METHODS)
def test_tokens_are_refreshed_again_and_again_and_revoked(site: Site, auth: str) -> None:
    flow = site.flow(site.registration(auth))
    first = site.launch(flow)
    second = flow.refresh(first)
    third = flow.refresh(second)
    assert len({one.access_token for one in (first, second, third)}) == 3
    assert len({one.refresh_token for one in (first, second, third)}) == 3
    assert (third.patient, third.subject, set(third.scope.split())) == ("p1", "dr-amara", set(first.scope.split()))
    with pytest.raises(SignedOut):
        flow.refresh(first)  # used: the server takes all tokens of the sign-in back
    with pytest.raises(SignedOut):
        flow.refresh(third)


def test_signing_out_takes_the_tokens_back(site: Site) -> None:
    flow = site.flow(site.registration(end_session_endpoint=f"{site.server.ehr}/sign-out"))
    launched = site.launch(flow)
    assert flow.revoke(launched)
    with pytest.raises(SignedOut):
        flow.refresh(launched)
    answer = requests.get(f"{site.server.base}/Patient/p1", headers={"Authorization": f"Bearer {launched.access_token}"}, timeout=10)
    assert answer.status_code == 401
    url = flow.end_session_url(launched, f"{site.server.coder}/")
    assert url is not None
    assert requests.get(url, timeout=10).status_code == 200
    assert requests.get(url.replace("id_token_hint=", "id_token_hint=x"), timeout=10).status_code == 400


def test_a_standalone_launch_asks_for_context(site: Site) -> None:
    url, pending = site.begin(flow := site.flow(), launch="")
    assert "launch" not in parse_qs(urlsplit(url).query)
    launched = flow.finish(pending, Person(site.server).decides(url))
    assert (launched.patient, launched.encounter, launched.need_patient_banner) == ("p7", "e7", True)


def test_the_practices_own_provider_signs_people_in(site: Site, files: tuple[Path, Path]) -> None:
    members = {"issuer": site.server.ehr, "client_id": "sign-in", "auth": "client_secret_basic", "secret_file": str(files[0])}
    flow = site.flow(registration := read_sign_in("north", {**members, "scope": "openid profile"}))
    url, pending = flow.begin(registration, f"{site.server.coder}/callback")
    launched = flow.finish(pending, Person(site.server).decides(url))
    assert (launched.subject, launched.name, launched.is_smart, launched.patient) == ("dr-amara", "Dr Amara Osei", False, "")
    assert len(site.server.seen("/.well-known/openid-configuration")) == 1


def test_a_person_who_refuses_is_told_so(site: Site) -> None:
    url, pending = site.begin(flow := site.flow())
    with pytest.raises(LaunchDenied) as refused:
        flow.finish(pending, Person(site.server).decides(url, "refuse"))
    assert (refused.value.oauth_error, refused.value.description) == ("access_denied", "The user refused <b>everything</b>")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda query: query | {"iss": ["https://evil.example"]}, LaunchInvalid),
        (lambda query: {name: value for name, value in query.items() if name != "state"}, LaunchInvalid),
        (lambda query: query | {"state": ["x" * 43]}, LaunchInvalid),
        (lambda query: query | {"code": ["x" * 43]}, LaunchInvalid),
        (lambda query: query | {"code": [*query["code"], "another"]}, LaunchInvalid),
    ],
    ids=["iss of another server", "no state", "another state", "another code", "two codes"],
)
def test_an_answer_that_is_not_the_servers_is_refused(site: Site, change: Any, expected: type[LaunchRefused]) -> None:
    url, pending = site.begin(flow := site.flow())
    query = Person(site.server).decides(url)
    with pytest.raises(expected):
        flow.finish(pending, change(query))


def test_a_code_is_good_once_and_for_who_asked(site: Site) -> None:
    flow = site.flow()
    url, pending = site.begin(flow)
    query = Person(site.server).decides(url)
    with pytest.raises(LaunchInvalid):
        flow.finish(replace(pending, verifier="x" * 43), query)
    url, pending = site.begin(flow)
    query = Person(site.server).decides(url)
    assert flow.finish(pending, query).patient == "p1"
    with pytest.raises(LaunchInvalid, match="used before"):
        flow.finish(pending, query)


def test_another_launch_does_not_take_the_place_of_ours(site: Site) -> None:
    """Login by an attacker's code (RFC 9700 section 4.5): the code of one sign-in, put into another, fails at PKCE and at the nonce."""
    flow = site.flow()
    attackers_url, _ = site.begin(flow)
    code = Person(site.server).decides(attackers_url)["code"]
    url, pending = site.begin(flow)
    with pytest.raises(LaunchInvalid):
        flow.finish(pending, Person(site.server).decides(url) | {"code": code})


def test_the_audience_is_the_base_letter_by_letter(site: Site) -> None:
    flow = site.flow(replace(site.registration(), issuer=f"{site.server.base}/"))
    registration = flow.find(site.server.base)
    assert registration is not None
    url, pending = flow.begin(registration, f"{site.server.coder}/callback", "of-today")
    with pytest.raises(LaunchDenied) as refused:
        flow.finish(pending, Person(site.server).decides(url))
    assert refused.value.oauth_error in {"invalid_target", "invalid_request", ""}


def test_an_iss_that_is_not_configured_is_unknown_and_nobody_is_asked(site: Site) -> None:
    flow = site.flow()
    site.server.forget()
    for iss in (
        f"{site.server.ehr}/fhir2",
        site.server.ehr,
        f"{site.server.coder}/fhir",
        f"{site.server.base}/../fhir",
        "https://evil.example/fhir",
    ):
        assert flow.find(iss) is None
    assert site.server.seen() == []


@pytest.mark.parametrize("ahead_s", [-45, 45], ids=lambda one: f"{one} s")
def test_clocks_within_a_minute_do_not_matter(site: Site, ahead_s: int) -> None:
    site.server.set(clock_offset_s=ahead_s)
    assert site.launch(site.flow()).patient == "p1"


@pytest.mark.parametrize("ahead_s", [-400, 90], ids=lambda one: f"{one} s")
def test_an_id_token_of_another_time_is_refused(site: Site, ahead_s: int) -> None:
    site.server.set(clock_offset_s=ahead_s)
    with pytest.raises(LaunchFailed, match="id_token"):
        site.launch(site.flow())


def test_new_signing_keys_of_the_server_are_found(site: Site) -> None:
    flow = site.flow()
    assert site.launch(flow).patient == "p1"
    site.server.set(keys=["second", "first"])
    with pytest.raises(LaunchFailed, match="id_token"):
        site.launch(flow)
    assert len(site.server.seen("/keys")) == 1  # asked for at most once a minute, whatever people send
    site.clock_s += 61
    assert site.launch(flow).patient == "p1"
    assert len(site.server.seen("/keys")) == 2


def test_less_than_was_asked_is_what_is_kept(site: Site) -> None:
    site.server.set(withheld=["offline_access", "patient/Encounter.r"])
    launched = site.launch(site.flow())
    assert set(launched.scope.split()) == (GRANTED | {"launch"}) - {"offline_access", "patient/Encounter.r"}
    assert launched.refresh_token == ""
