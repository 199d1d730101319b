"""From the EHR's menu to a coded encounter, with nothing in between replaced: sign-in library, sessions, engine; only EHR and sign-in server are ours."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from flask import Flask
from werkzeug.test import TestResponse

from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.api.guards import Guards
from fhir_coder.audit.entry import AuditEntry
from fhir_coder.coding.policy import outpatient
from fhir_coder.connections import EhrConnections
from fhir_coder.ehr.probe import EhrProbe
from fhir_coder.engine import Engine
from fhir_coder.errors import ConfigurationError
from fhir_coder.pipeline import Coder
from fhir_coder.review.blueprint import create_review
from fhir_coder.reviewing import Reviewing, open_reviewing
from fhir_coder.settings import Settings
from fhir_coder.smart.launch.flow import AuthorizationFlow
from fhir_coder.store.start import Stores, open_stores
from tests.api.conftest import SmallEngine
from tests.review.conftest import OURS, csrf_of, get, keyed, post, state_of
from tests.simulated_ehr import SimulatedEhr, full_statement
from tests.smart.launch.provider import BASE, CLIENT, REVOKE, TOKEN, Provider, provider, registered
from tests.store.conftest import KEY
from tests.stores import store_in

SCOPE = (
    "launch openid fhirUser offline_access patient/*.rs patient/Condition.cruds patient/Claim.cruds patient/Task.cruds patient/Provenance.c"
)
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
LAUNCH = f"/launch?iss={quote(BASE)}&launch=xyz"


class Site:
    """Our server beside an EHR that takes only the token that was given last."""

    def __init__(self, coder: Coder, ehr: SimulatedEhr, server: Provider, folder: Path) -> None:
        self.ehr, self.server, self.tokens, self.audit = ehr, server, ["at-1"], list[AuditEntry]()
        self.used: list[str] = []
        settings = settings_of(folder)
        connections = EhrConnections(None)
        self.stores = open_stores(settings.database_url, settings.key)
        self.engine = Engine(
            coder=coder,
            policy=outpatient(),
            tenants={tenant.id: tenant for tenant in settings.tenants},
            repository=self.stores.repository,
            connect=connections,
            probe=EhrProbe(connections.once),
            now=lambda: NOW,
        )
        self.reviewing = reviewing(settings, self.engine, connections, self.audit.append, self.stores)
        app = Flask("test", static_folder=None)
        app.register_blueprint(create_api(SmallEngine(), Settings.from_environment({})))
        app.register_blueprint(create_review(self.reviewing.parts))
        install_error_handlers(app)
        self.browser = app.test_client()
        for method in ("GET", "POST", "PUT"):
            server.mock.add_callback(method, re.compile(re.escape(BASE) + r"/(?!\.well-known)"), callback=self._answer)
        server.mock.add("POST", REVOKE, status=200)

    def _answer(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.used.append(token)
        if token != self.tokens[-1]:
            return 401, {"WWW-Authenticate": "Bearer"}, b""
        parts = urlsplit(request.url)
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        reply = self.ehr.answer(request.method, parts.path.removeprefix(urlsplit(BASE).path + "/"), parts.query, request.headers, body)
        return reply.status, {"Content-Type": "application/fhir+json", **reply.headers}, reply.body or json.dumps(reply.resource).encode()

    def launch(self) -> TestResponse:
        begun = get(self.browser, LAUNCH)
        self.server.nonce = parse_qs(urlsplit(begun.headers["Location"]).query)["nonce"][0]
        return get(self.browser, f"/t/north/callback?code=c-1&state={state_of(begun)}")


def settings_of(folder: Path, **environment: str) -> Settings:
    launch = {"client_id": CLIENT, "scope": SCOPE, "role": "coder", "people": {"Practitioner/7": ["manager"]}}
    tenants = [{"id": "north", "ehrs": [{"id": "main", "base_url": BASE, "write_before_review": True, "launch": launch}]}]
    given = {
        "FHIR_CODER_TENANTS": json.dumps(tenants),
        "FHIR_CODER_DATABASE_URL": store_in(folder),
        "FHIR_CODER_KEY": KEY,
        "FHIR_CODER_PUBLIC_URL": OURS,
    }
    return Settings.from_environment(given | environment)


def reviewing(settings: Settings, engine: Engine, connections: EhrConnections, auditor: Any, stores: Stores) -> Reviewing:
    return open_reviewing(
        settings,
        engine,
        connections,
        Guards.of(settings, auditor=auditor),
        lambda registrations: AuthorizationFlow(registrations, requests.Session),
        stores,
    )


@pytest.fixture
def site(coder: Coder, tmp_path: Path) -> Iterator[Site]:
    found = SimulatedEhr(full_statement())
    for resource in json.loads((Path(__file__).parent / "visit.json").read_text(encoding="utf-8")):
        found.put(resource)
    with provider(replace(registered(), scope=SCOPE)) as server:
        server.now = time.time()
        server.answer = {"scope": SCOPE, "need_patient_banner": True}
        made = Site(coder, found, server, tmp_path)
        yield made
        made.engine.repository.close()
        if made.reviewing.store:
            made.reviewing.store.close_connections()


def test_a_launch_ends_with_a_coded_encounter(site: Site) -> None:
    assert site.launch().headers["Location"] == "/review/"
    home = get(site.browser, "/review/")
    assert "Ann Lee" in home.text and "Manager" in home.text and "Roe, Jane" in home.text and "Encounter/e1" in home.text
    coded = post(site.browser, "/review/code", keyed({"csrf": csrf_of(home), "encounter": "e1", "write_back": "yes"}, NOW.timestamp()))
    assert coded.status_code == 303, coded.text
    page = get(site.browser, coded.headers["Location"]).text
    assert "I10" in page and "Essential (primary) hypertension" in page and "hypertension" in page
    assert site.ehr.held("Condition") and set(site.used) == {"at-1"}
    assert [entry.event for entry in site.audit] == ["sign-in", "list-codings", "write-back", "code-encounter", "read-coding"]
    assert {entry.agent.id for entry in site.audit} == {"Practitioner/7"}


def test_a_token_that_the_ehr_no_longer_takes_is_renewed_and_the_call_made_again(site: Site) -> None:
    site.launch()
    token = csrf_of(get(site.browser, "/review/"))
    site.tokens.append("at-2")
    site.server.answer |= {"access_token": "at-2", "refresh_token": "rt-2", "id_token": None}
    coded = post(site.browser, "/review/code", keyed({"csrf": token, "encounter": "e1"}, NOW.timestamp()))
    assert coded.status_code == 303, coded.text
    assert site.used.count("at-1") == 2 and set(site.used) == {"at-1", "at-2"}  # the banner, and the call that was refused
    assert site.server.form()["grant_type"] == "refresh_token" and site.server.form()["refresh_token"] == "rt-1"


def test_a_person_who_was_signed_out_at_the_ehr_is_told_to_launch_again(site: Site) -> None:
    site.launch()
    token = csrf_of(get(site.browser, "/review/"))
    site.tokens.append("none")
    site.server.mock.remove("POST", TOKEN)
    site.server.mock.add("POST", TOKEN, status=400, json={"error": "invalid_grant"})
    page = post(site.browser, "/review/code", keyed({"csrf": token, "encounter": "e1"}, NOW.timestamp()))
    assert page.status_code == 401 and "launch this page again from the EHR" in page.text
    assert get(site.browser, "/review/").status_code == 401


def test_an_encounter_of_another_patient_is_not_coded(site: Site) -> None:
    site.server.answer |= {"encounter": None}
    site.ehr.put({"resourceType": "Patient", "id": "p2"})
    site.ehr.put({**site.ehr.held("Encounter")[0], "id": "e2", "subject": {"reference": "Patient/p2"}})
    site.launch()
    page = post(site.browser, "/review/code", keyed({"csrf": csrf_of(get(site.browser, "/review/")), "encounter": "e2"}, NOW.timestamp()))
    assert page.status_code == 403 and site.ehr.writes == []


def test_signing_out_takes_the_tokens_back(site: Site) -> None:
    site.launch()
    post(site.browser, "/sign-out", {"csrf": csrf_of(get(site.browser, "/review/"))})
    assert site.server.asked(REVOKE) and get(site.browser, "/review/").status_code == 401


def test_an_unknown_iss_asks_nobody(site: Site) -> None:
    assert get(site.browser, "/launch?iss=https://evil.example/fhir&launch=x").status_code == 403
    assert len(site.server.mock.calls) == 0 and not site.server.asked(TOKEN)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"FHIR_CODER_KEY": ""}, "FHIR_CODER_KEY"),
        ({"FHIR_CODER_PUBLIC_URL": ""}, "FHIR_CODER_PUBLIC_URL"),
        ({"FHIR_CODER_PUBLIC_URL": "http://coder.example"}, "FHIR_CODER_PUBLIC_URL"),
    ],
    ids=["no key", "no address", "no TLS"],
)
def test_a_site_where_people_sign_in_needs_a_key_and_an_address(
    site: Site, tmp_path: Path, environment: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        reviewing(settings_of(tmp_path, **environment), site.engine, EhrConnections(None), site.audit.append, site.stores)
