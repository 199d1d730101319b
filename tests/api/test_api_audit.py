"""Every call of an operation is one entry, whatever its end, and no answer leaves without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.api.guards import Guards
from fhir_coder.audit.entry import AgentKind, AuditEntry, Success
from fhir_coder.errors import EhrUnavailable, NotRecorded, Uncodable
from fhir_coder.settings import Settings
from tests.api.conftest import SmallEngine, issue_of, parameters, post
from tests.smart.issuer import ISSUER, key_set, token

CODE = "/fhir/Encounter/e1/$code-encounter"
CHECK = "/fhir/Claim/$check-coding"
WRITE = parameters({"name": "writeBack", "valueBoolean": True})


class Book:
    """Keeps entries, and fails from entry number ``full`` on."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.full = 99

    def __call__(self, entry: AuditEntry) -> None:
        if len(self.entries) >= self.full:
            raise NotRecorded("the audit cannot be written, and what cannot be written down is not done")
        self.entries.append(entry)


@pytest.fixture
def book() -> Book:
    return Book()


def client_of(engine: SmallEngine, book: Book, **environment: str):
    app = Flask("test", static_folder=None)
    settings = Settings.from_environment(environment, sandbox=True)
    app.register_blueprint(create_api(engine, settings, guards=Guards.of(settings, auditor=book)))
    install_error_handlers(app)
    return app.test_client()


@pytest.fixture
def client(engine: SmallEngine, book: Book):
    return client_of(engine, book)


@pytest.fixture
def guarded(engine: SmallEngine, book: Book, tmp_path: Path):
    """``default`` trusts the issuer."""
    keys = tmp_path / "keys.json"
    keys.write_bytes(key_set())
    rows = [{"id": "default", "trust": {"issuer": ISSUER, "jwks_file": str(keys)}}]
    return client_of(engine, book, FHIR_CODER_TENANTS=json.dumps(rows), FHIR_CODER_PUBLIC_URL="https://coder.example")


def test_a_coding_is_one_entry_with_what_was_read(client, book: Book) -> None:
    assert post(client, CODE, parameters(), X_Request_Id="r-1").status_code == 200
    (entry,) = book.entries
    assert (entry.tenant, entry.event, entry.success, entry.request_id) == ("default", "code-encounter", Success.DONE, "r-1")
    assert (entry.agent.kind, entry.agent.id, entry.address) == (AgentKind.CLIENT, "localhost", "127.0.0.1")
    assert entry.entities == ("Encounter/e1", "DocumentReference/n1")
    assert entry.detail["coding"] == "c0ffee" and entry.detail["notes"] == "2" and "Condition/1" not in entry.detail


def test_a_coding_that_writes_is_written_down_before_and_after(client, book: Book) -> None:
    assert post(client, "/t/north" + CODE, WRITE).status_code == 200
    before, after = book.entries
    assert (before.tenant, before.event, before.entities) == ("north", "write-back", ("Encounter/e1",))
    assert (after.event, after.detail["Condition/1"]) == ("code-encounter", "201")
    assert after.entities[-1] == "Condition/1"


ENDS: dict[str, tuple[Exception, Success, str, int]] = {
    "not codable": (Uncodable("no note"), Success.REFUSED, "FC113", 422),
    "the EHR is away": (EhrUnavailable("away"), Success.FAILED, "FC201", 502),
    "a fault of ours": (KeyError("secret word"), Success.FAILED, "FC000", 500),
}


@pytest.mark.parametrize("name", ENDS)
def test_however_it_ends(client, engine: SmallEngine, book: Book, name: str) -> None:
    engine.error, success, code, status = ENDS[name]
    assert post(client, CODE, parameters()).status_code == status
    (entry,) = book.entries
    assert (entry.success, entry.detail["error"], entry.entities) == (success, code, ("Encounter/e1",))
    assert "secret" not in repr(entry)


@pytest.mark.parametrize(
    ("url", "body", "headers", "code"),
    [
        (CODE, b"{", {}, "FC101"),
        (CODE, parameters(), {"Content_Type": "text/plain"}, "FC112"),
        (CODE, parameters({"name": "ehr", "valueString": "elsewhere"}), {}, "FC104"),
        (CHECK, b"{", {}, "FC101"),
    ],
    ids=["no JSON", "another type", "another EHR", "no JSON to check"],
)
def test_what_is_refused_before_anything_is_done(
    client, engine: SmallEngine, book: Book, url: str, body: bytes, headers: dict[str, str], code: str
) -> None:
    post(client, url, body, **headers)
    (entry,) = book.entries
    assert (entry.success, entry.detail["error"], engine.requests) == (Success.REFUSED, code, [])


def test_a_caller_from_elsewhere_is_nobody(client, engine: SmallEngine, book: Book) -> None:
    answer = client.post(CODE, data=parameters(), content_type="application/fhir+json", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert answer.status_code == 401
    (entry,) = book.entries
    assert (entry.agent.kind, entry.success, entry.detail["error"], entry.address) == (
        AgentKind.NOBODY,
        Success.REFUSED,
        "FC114",
        "192.0.2.7",
    )
    assert engine.requests == []


def test_a_check_names_the_patient(client, book: Book) -> None:
    concept = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}]}
    claim: dict[str, Any] = {
        "resourceType": "Claim",
        "status": "active",
        "type": {"text": "professional"},
        "use": "claim",
        "patient": {"reference": "Patient/7"},
        "created": "2026-05-05",
        "provider": {"display": "we"},
        "priority": {"text": "normal"},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "theirs"}}],
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": concept}],
    }
    assert post(client, CHECK, parameters({"name": "claim", "resource": claim})).status_code == 200
    (entry,) = book.entries
    assert (entry.event, entry.patient, entry.detail["codes"]) == ("check-coding", "Patient/7", "1")


@pytest.mark.parametrize(
    "path", ["/health/live", "/version", "/fhir/metadata", "/fhir/OperationDefinition/code-encounter", "/t/nobody" + CODE]
)
def test_what_concerns_no_patient_of_a_tenant_is_no_entry(client, book: Book, path: str) -> None:
    client.open(path, method="POST" if "$" in path else "GET")
    assert book.entries == []


@pytest.mark.parametrize(
    ("body", "full", "asked"), [(parameters(), 0, 1), (WRITE, 0, 0), (WRITE, 1, 1)], ids=["the end", "before writing", "after writing"]
)
def test_what_cannot_be_written_down_is_not_told_and_nothing_is_written_then(
    client, engine: SmallEngine, book: Book, body: bytes, full: int, asked: int
) -> None:
    book.full = full
    answer = post(client, CODE, body)
    assert answer.status_code == 503 and "I10" not in answer.text
    assert issue_of(answer)["code"] == "transient"
    assert len(engine.requests) == asked


def test_a_refusal_that_cannot_be_written_down_is_a_503(client, book: Book) -> None:
    book.full = 0
    assert post(client, CODE, b"{").status_code == 503


@pytest.mark.parametrize("reference", ["Patient/a b", "the patient said", "#p", "Patient/" + "x" * 65])
def test_what_is_no_reference_is_not_written_down(engine: SmallEngine, book: Book, client, reference: str) -> None:
    encounter = {
        "resourceType": "Encounter",
        "id": "e9",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": reference},
    }
    post(client, "/fhir/Encounter/$code-encounter", parameters({"name": "encounter", "resource": encounter}))
    assert book.entries and all(entry.patient == "" for entry in book.entries)


# ------------------------------------------------------------------------------------------------------------------- tokens


def test_the_caller_is_whom_the_token_names(guarded, book: Book) -> None:
    assert (
        post(guarded, CODE, parameters(), Authorization=f"Bearer {token(patient='p1', fhirUser='Practitioner/9', azp='page')}").status_code
        == 200
    )
    (entry,) = book.entries
    assert (entry.agent.kind, entry.agent.id, entry.agent.issuer, entry.agent.client) == (
        AgentKind.PERSON,
        "Practitioner/9",
        ISSUER,
        "page",
    )
    assert (entry.patient, entry.success) == ("Patient/p1", Success.DONE)


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"exp": 1}, AgentKind.NOBODY, "FC114"),
        ({"iss": "https://evil.example", "sub": "admin"}, AgentKind.NOBODY, "FC114"),
        ({"patient": "../../x"}, AgentKind.CLIENT, "FC114"),
        ({"scope": "system/Patient.r"}, AgentKind.CLIENT, "FC115"),
        ({"encounter": "e2"}, AgentKind.CLIENT, "FC104"),
    ],
    ids=["expired", "another issuer", "no id", "scope", "another encounter"],
)
def test_a_refusal_names_the_caller_only_when_the_token_proves_it(
    guarded, engine: SmallEngine, book: Book, changes: dict[str, Any], kind: AgentKind, code: str
) -> None:
    given = token(**changes)
    post(guarded, CODE, parameters(), Authorization=f"Bearer {given}")
    (entry,) = book.entries
    assert (entry.agent.kind, entry.success, entry.detail["error"]) == (kind, Success.REFUSED, code)
    assert engine.requests == [] and "admin" not in repr(entry) and given[:20] not in repr(entry)
