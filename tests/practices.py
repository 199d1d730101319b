"""Two practices on one server, from HTTP request to EHR: what an attack may not reach can be counted at either."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.coding.policy import outpatient
from fhir_coder.ehr.probe import EhrProbe
from fhir_coder.engine import Engine
from fhir_coder.pipeline import Coder
from fhir_coder.settings import Settings
from fhir_coder.store.start import open_stores
from fhir_coder.tenant_settings import EhrSettings, Tenant
from tests.api.conftest import post
from tests.simulated_ehr import SimulatedEhr, full_statement
from tests.smart.issuer import ISSUER, key_set, token
from tests.store.conftest import KEY
from tests.stores import store_in
from tests.test_engine import NOTE


def ehr_with(patient: str, note: str = NOTE, encounter: str = "e1") -> SimulatedEhr:
    """An EHR with one finished visit and its note."""
    found = SimulatedEhr(full_statement())
    subject = {"reference": f"Patient/{patient}"}
    found.put({"resourceType": "Patient", "id": patient})
    found.put(
        {
            "resourceType": "Encounter",
            "id": encounter,
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": subject,
            "period": {"start": "2026-05-04T09:00:00-05:00"},
        }
    )
    found.put(
        {
            "resourceType": "DocumentReference",
            "id": "d1",
            "status": "current",
            "docStatus": "final",
            "subject": subject,
            "content": [{"attachment": {"contentType": "text/plain", "data": note}}],
            "context": {"encounter": [{"reference": f"Encounter/{encounter}"}]},
        }
    )
    return found


class Practices:
    """North and south: each with an EHR of the same id ``main`` at an address of its own, and one issuer whose tokens differ in audience."""

    def __init__(self, coder: Coder, folder: Path) -> None:
        self.ehrs = {"https://north.invalid/fhir": ehr_with("p-north"), "https://south.invalid/fhir": ehr_with("p-south", encounter="e2")}
        tenants = {name: Tenant(name, (EhrSettings("main", f"https://{name}.invalid/fhir"),)) for name in ("north", "south")}
        tenants["north"] = Tenant("north", (*tenants["north"].ehrs, EhrSettings("archive", "https://north.invalid/fhir")))
        self.asked: list[str] = []
        self.store = open_stores(store_in(folder), KEY).repository
        engine = Engine(coder, outpatient(), tenants, self.store, self.connect, EhrProbe(self.connect), lambda: datetime.now(UTC))
        (folder / "keys.json").write_bytes(key_set())
        rows = [{"id": name, "trust": {"issuer": ISSUER, "jwks_file": str(folder / "keys.json")}} for name in tenants]
        settings = Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps(rows), "FHIR_CODER_PUBLIC_URL": "https://coder.example"})
        app = Flask("practices", static_folder=None)
        app.register_blueprint(create_api(engine, settings))
        install_error_handlers(app)
        self.http: FlaskClient = app.test_client()

    def connect(self, ehr: EhrSettings) -> Any:
        self.asked.append(ehr.base_url)
        return self.ehrs[ehr.base_url].client()

    def code(self, tenant: str, encounter: str, /, body: bytes | None = None, of: str = "", **claims: Any) -> Any:
        """A call at the base of a tenant with a token of that tenant, or of another."""
        given = token(**{"aud": f"https://coder.example/t/{of or tenant}/fhir", "scope": "system/*.cruds"} | claims)
        return post(self.http, f"/t/{tenant}/fhir/Encounter/{encounter}/$code-encounter", body, Authorization=f"Bearer {given}")

    def touched(self, tenant: str) -> tuple[list[str], list[str]]:
        """What was asked of the tenant's EHR and written there."""
        ehr = self.ehrs[f"https://{tenant}.invalid/fhir"]
        return list(ehr.calls), ehr.writes
