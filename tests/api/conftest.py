"""An application over a small engine that answers with hand-made results, and what the tests ask of its answers."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.api.health import Readiness
from fhir_coder.checking import CheckedCodes, GivenCodes
from fhir_coder.exchange import CodingRequest, CodingResult, Intake, ReleaseUse
from fhir_coder.fhir.reader import read_json, read_xml
from fhir_coder.fhir.resource_model import as_model
from fhir_coder.model import (
    Agreement,
    Assertions,
    CodeAssignment,
    CodedEncounter,
    Disposition,
    EditReport,
    Encounter,
    Evidence,
    Finding,
    Mentions,
    Note,
    Outcome,
    ProviderQuery,
    QueryOption,
    Reason,
    Reconciled,
    RecordedDiagnosis,
    Rejection,
    RejectionReason,
    Sections,
    Severity,
)
from fhir_coder.risk.categories import Category, Mapped, Standing
from fhir_coder.risk.discrepancies import Discrepancy, Kind
from fhir_coder.risk.eligibility import Asked, Criterion
from fhir_coder.risk.payment_year import Fit, PaymentYear
from fhir_coder.risk.report import PlacedCode, RiskReport
from fhir_coder.risk.verdict import Answer, Verdict
from fhir_coder.settings import Settings

NOTE = Note(id="n1", text="Assessment: hypertension. No chest pain.", reference="DocumentReference/n1")
LOOSE = Note(id="n2", text="Addendum: cough.")


def evidence(note: Note, words: str) -> Evidence:
    start = note.text.index(words)
    return Evidence(note.id, start, start + len(words), words, note.sha256)


ASSIGNMENT = CodeAssignment(
    "I10", "Essential (primary) hypertension", 0.9, 1, (evidence(NOTE, "hypertension"),), "Named in the assessment."
)
SYMPTOM = CodeAssignment("R05.9", "Cough, unspecified", 0.123456, 2, (evidence(LOOSE, "cough"),))
REJECTED = Rejection("R07.9", "Chest pain, unspecified", RejectionReason.NEGATED, (evidence(NOTE, "chest pain"),))
QUERY = ProviderQuery(
    "How long has the cough lasted?",
    (evidence(LOOSE, "cough"),),
    (QueryOption("less than 3 weeks", ("R05.1",)), QueryOption("other (please specify)"), QueryOption("unable to determine")),
)
FINDINGS = (
    Finding("FC-E01", "code-not-billable", Severity.BLOCKING, ("I10",), "The code is a header."),
    Finding("FC-E09", "unspecified-code", Severity.ADVISORY, ("R05.9",), "A more specific code exists.", query=QUERY),
)
RECONCILIATION = (
    Reconciled(Agreement.AGREED, "I10", RecordedDiagnosis("i10", "Condition/c1", "confirmed")),
    Reconciled(Agreement.ADDED, "R05.9"),
    Reconciled(Agreement.UNSUPPORTED, "", RecordedDiagnosis("J45.909", "")),
)
PROPOSAL = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {
            "fullUrl": "urn:uuid:0f6c7c5e-6f0a-5b8e-8d7b-2c1f0c1b2a3d",
            "resource": {"resourceType": "Condition", "subject": {"reference": "Patient/p1"}},
        }
    ],
}
RECEIPT = {
    "resourceType": "Bundle",
    "type": "batch-response",
    "entry": [{"response": {"status": "201 Created", "location": "Condition/1"}}],
}


def coding_result(request: CodingRequest) -> CodingResult:
    encounter = Encounter(id=request.encounter_id or "inline", notes=(NOTE, LOOSE))
    coded = CodedEncounter(
        Assertions(Mentions(Sections(encounter, ()), ()), ()),
        "2026-04-01",
        (ASSIGNMENT, SYMPTOM),
        (REJECTED,),
        (evidence(LOOSE, "Addendum"),),
    )
    report = EditReport(coded, FINDINGS, not_run=("FC-E12",))
    disposition = Disposition(
        report, Outcome.REVIEW, (Reason("policy-review-all", "Everything is reviewed."),), (Outcome.PASS, Outcome.REVIEW)
    )
    release = ReleaseUse("2026-04-01", date(2026, 4, 1), date(2026, 9, 30), "covered")
    intake = Intake(encounter, warnings=("DocumentReference/n9 was superseded and left out.",))
    receipt = RECEIPT if request.write_back else None
    return CodingResult(intake, disposition, release, PROPOSAL, receipt, RECONCILIATION, coding_id="c0ffee")


class FixedRisk:
    """Makes a report with something in every place."""

    def assess(self, disposition: Disposition, resources: Mapping[str, Any]) -> RiskReport:
        placed = Standing(Mapped.MAPPED, (Category("38", "Diabetes", ("37",)),))
        unreported = Discrepancy(
            Kind.UNREPORTED, "E11.9", "Type 2 diabetes", placed, "documented", "Named.", (evidence(NOTE, "hypertension"),)
        )
        return RiskReport(
            PaymentYear(2027, Fit.COVERED),
            (PlacedCode("E11.9", "Type 2 diabetes", placed), PlacedCode("I10", "", Standing(Mapped.UNMAPPED))),
            (unreported,),
            (Criterion(Asked.VISIT_TYPE, Verdict(Answer.UNKNOWN, "Encounter/e1 class VR")),),
        )


class SmallEngine:
    """Keeps the requests and the codes to check that it got; fails with ``error`` when one is set. Tenants ``default`` and ``north`` have the EHR ``main``."""

    def __init__(self) -> None:
        self.requests: list[CodingRequest] = []
        self.checked: list[GivenCodes] = []
        self.error: Exception | None = None
        self.state = Readiness(
            {"release": (True, "2026-04-01"), "index": (True, "abc"), "store": (True, "reachable")},
            (("2026-04-01", date(2026, 4, 1), date(2026, 9, 30)),),
            {"default/main": "FC201"},
        )

    def code(self, request: CodingRequest) -> CodingResult:
        self.requests.append(request)
        if self.error:
            raise self.error
        return coding_result(request)

    def check(self, given: GivenCodes) -> CheckedCodes:
        self.checked.append(given)
        return CheckedCodes((), (), ReleaseUse("2026-04-01", date(2026, 4, 1), date(2026, 9, 30), "covered"))

    def has_tenant(self, tenant: str) -> bool:
        return tenant in {"default", "north"}

    def has_ehr(self, tenant: str, ehr: str) -> bool:
        return self.has_tenant(tenant) and ehr == "main"

    def readiness(self) -> Readiness:
        if self.error:
            raise self.error
        return self.state


@pytest.fixture
def engine() -> SmallEngine:
    return SmallEngine()


@pytest.fixture
def make_client(engine: SmallEngine) -> Callable:
    """Makes a client of a server in sandbox mode, unless it is told otherwise, with these settings."""

    def make(sandbox: bool = True, **environment: str):
        app = Flask("test", static_folder=None)
        app.register_blueprint(create_api(engine, Settings.from_environment(environment, sandbox=sandbox), FixedRisk()))
        install_error_handlers(app)
        return app.test_client()

    return make


@pytest.fixture
def client(make_client: Callable):
    return make_client()


@contextmanager
def listening(hears: Callable[[logging.LogRecord], object]) -> Iterator[None]:
    """Every record logged under our root logger is heard until the block ends, while what it is about goes on."""
    collector = logging.Handler()
    collector.emit = hears  # type: ignore[method-assign]
    logger = logging.getLogger("fhir_coder")
    level = logger.level
    logger.addHandler(collector)
    logger.setLevel(logging.DEBUG)
    yield
    logger.removeHandler(collector)
    logger.setLevel(level)


@pytest.fixture
def log_lines() -> Iterator[list[logging.LogRecord]]:
    """Every record logged under our root logger."""
    lines: list[logging.LogRecord] = []
    with listening(lines.append):
        yield lines


def resource_of(response: TestResponse) -> dict[str, Any]:
    """The resource in an answer: strictly read, and valid by the R4B model."""
    content_type = response.headers["Content-Type"]
    assert content_type in {"application/fhir+json; charset=utf-8", "application/fhir+xml; charset=utf-8"}
    resource = (read_json if "json" in content_type else read_xml)(response.data)
    as_model(resource)
    return resource


def issue_of(response: TestResponse) -> dict[str, Any]:
    """The only issue of an error answer."""
    outcome = resource_of(response)
    assert outcome["resourceType"] == "OperationOutcome"
    (issue,) = outcome["issue"]
    return issue


def parameters(*given: dict[str, Any]) -> bytes:
    return json.dumps({"resourceType": "Parameters", **({"parameter": list(given)} if given else {})}).encode()


def post(client, url: str, body: bytes | None = None, **headers: str) -> TestResponse:
    """A POST; header names are given with underscores."""
    named = {"Content-Type": "application/fhir+json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(url, data=body, headers=named)
