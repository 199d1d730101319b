"""A word of a patient put through every path: it reaches neither log, error body, metrics, plain column nor file.

The word stands in the notes of every format, whole and broken, in names, in resources that are no FHIR and in what an EHR says back; without
``FHIR_CODER_KEY`` the store may hold it nowhere, with one nowhere readable.
"""

from __future__ import annotations

import base64
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fhir_coder.api.blueprint import create_api
from fhir_coder.api.cds_hooks import create_cds_hooks
from fhir_coder.api.failures import install_error_handlers
from fhir_coder.api.guards import Guards
from fhir_coder.api.log import JsonFormatter, configure_logging
from fhir_coder.app import hook_parts, open_all_stores, open_flow
from fhir_coder.coding.policy import outpatient
from fhir_coder.connections import EhrConnections
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.probe import EhrProbe
from fhir_coder.engine import Engine
from fhir_coder.pipeline import Coder
from fhir_coder.review.blueprint import create_review
from fhir_coder.reviewing import open_reviewing
from fhir_coder.settings import Settings
from fhir_coder.tenant_settings import DEFAULT_TENANT, EhrSettings, Tenant
from fhir_coder.throttle.rates import open_counters
from tests.one_engine import build_coder
from tests.simulated_ehr import BASE, TYPES, Fault, SimulatedEhr, full_statement
from tests.store.conftest import KEY

WORD = "Zyxwomarker"
FHIR = "application/fhir+json"
AT_THE_EHR = "/fhir/Encounter/e1/$code-encounter"
INLINE = "/fhir/Encounter/$code-encounter"
Resource = dict[str, Any]

SENTENCES = f"Assessment: Essential hypertension, {WORD} disease. Denies {WORD} pain. Mrs. {WORD} returns. Plan: continue lisinopril."
PDF = (
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 900 400]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj\n"
    f"4 0 obj<</Length {len(SENTENCES) + 30}>>stream\nBT /F 12 Tf 20 300 Td ({SENTENCES}) Tj ET\nendstream endobj\n"
    "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
)
CDA = (
    f'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>{WORD}</title><component><structuredBody><component><section><title>Assessment of {WORD}</title>'
    f"<text><paragraph>{SENTENCES}</paragraph></text></section></component></structuredBody></component></ClinicalDocument>"
)
XHTML = f'<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>{WORD}</h1><p>{SENTENCES}</p></body></html>'

WHOLE = {
    "text": ("text/plain", SENTENCES),
    "HTML": ("text/html", f"<html><body><h2>Assessment {WORD}</h2><p>{SENTENCES}</p></body></html>"),
    "XHTML": ("application/xhtml+xml", XHTML),
    "C-CDA": ("application/xml", CDA),
    "RTF": ("application/rtf", rf"{{\rtf1\ansi {SENTENCES}\par}}"),
    "PDF": ("application/pdf", PDF),
}
BROKEN = {
    "text": ("text/plain", f"\x00\x01\x02\x00\x03\x04\x05\x06{WORD}\x00\x01\x02\x03\x04\x05\x06\x07\x08" * 9),
    "HTML": ("text/html", f"<style>{WORD}</style><!-- {WORD} -->"),
    "XHTML": ("application/xhtml+xml", f'<!DOCTYPE html [<!ENTITY e SYSTEM "file:///{WORD}">]>{XHTML}'),
    "C-CDA": ("application/xml", CDA[:-60]),
    "RTF": ("application/rtf", rf"{{\rtf1\ansi {WORD} {{\{WORD} {{\b {SENTENCES}"),
    "PDF": ("application/pdf", f"%PDF-1.4\n{SENTENCES}"),
    "another type": ("application/msword", SENTENCES),
}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SPELLINGS = {WORD.lower(), WORD.encode("utf-16-le").decode("latin-1").lower()}
IN_BASE64 = {encoded("x" * pad + WORD + "xxx")[4 : 4 * (len(WORD) // 3)] for pad in range(3)}


def holds_word(text: str) -> bool:
    """Whether the word stands in the text: plain, in UTF-16, or in base64 at any place of its groups of three."""
    small = text.lower()
    return any(one in small for one in SPELLINGS) or any(one in text for one in IN_BASE64)


def note(content_type: str = "text/plain", text: str = SENTENCES, **changes: Any) -> Resource:
    attachment = {"contentType": content_type, "data": encoded(text), "title": f"Visit of {WORD}"}
    return {
        "resourceType": "DocumentReference",
        "id": "n1",
        "status": "current",
        "description": f"Note about {WORD}",
        "subject": {"reference": "Patient/p1", "display": WORD},
        "author": [{"reference": "Practitioner/d1", "display": f"Dr. {WORD}"}],
        "context": {"encounter": [{"reference": "Encounter/e1"}]},
        "content": [{"attachment": attachment}],
    } | changes


def visit(**changes: Any) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "Patient/p1", "display": WORD},
        "reasonCode": [{"text": f"{WORD} pain"}],
        "period": {"start": "2026-05-04T09:00:00-05:00"},
    } | changes


def patient(**changes: Any) -> Resource:
    name = {"family": WORD, "given": [WORD], "text": f"{WORD} {WORD}"}
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{WORD}</div>'
    return {
        "resourceType": "Patient",
        "id": "p1",
        "name": [name],
        "gender": "female",
        "birthDate": "1960-01-01",
        "address": [{"line": [WORD], "city": WORD}],
        "text": {"status": "generated", "div": div},
    } | changes


def diagnosis() -> Resource:
    return {
        "resourceType": "Condition",
        "id": "c1",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "encounter-diagnosis"}]}],
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10", "display": WORD}], "text": WORD},
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e1"},
        "note": [{"text": WORD}],
    }


def parameters(**values: Any) -> bytes:
    named = [{"name": name, **value} for name, value in values.items()]
    return json.dumps({"resourceType": "Parameters", "parameter": named}).encode()


def inline(document: Resource, encounter: Resource | None = None, who: Resource | None = None) -> bytes:
    return parameters(encounter={"resource": encounter or visit()}, patient={"resource": who or patient()}, note={"resource": document})


WRITE = parameters(writeBack={"valueBoolean": True})
ECHO = json.dumps(
    {
        "resourceType": "OperationOutcome",
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{SENTENCES}</div>'},
        "issue": [{"severity": "error", "code": "invalid", "diagnostics": SENTENCES, "details": {"text": SENTENCES}, "expression": [WORD]}],
    }
).encode()


def searchset(*resources: Any) -> bytes:
    entries = [{"resource": one, "search": {"mode": "match"}} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entries}).encode()


def answering(on: str, body: bytes, status: int = 200) -> Fault:
    return Fault(on, status=status, times=-1, body=body)


@dataclass(frozen=True)
class Way:
    """One way through the house: the request, what the EHR holds and does, and the statuses that prove that it was gone."""

    url: str = INLINE
    body: bytes = b""
    statuses: tuple[int, ...] = (200,)
    held: tuple[Resource, ...] = ()
    faults: tuple[Fault, ...] = ()
    transaction: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def ehr(self) -> SimulatedEhr:
        types = (*TYPES, "DiagnosticReport", "Practitioner", "PractitionerRole", "Organization")
        found = SimulatedEhr(full_statement(transaction=self.transaction, types=types), faults=self.faults)
        for one in (visit(), patient(), diagnosis(), *self.held):
            found.put(one)
        return found


def paths() -> Iterator[tuple[str, Way]]:
    """Every path by name."""
    for name, content in WHOLE.items():
        yield f"{name} inline", Way(body=inline(note(*content)))
        yield f"{name} of the EHR, written back", Way(AT_THE_EHR, WRITE, held=(note(*content),))
    for name, content in BROKEN.items():
        yield f"broken {name} inline", Way(body=inline(note(*content)), statuses=(200, 422))
        yield f"broken {name} of the EHR beside a whole note", Way(AT_THE_EHR, held=(note(*content), note() | {"id": "n2"}))
    yield from _bodies()
    yield from _answers()


def _bodies() -> Iterator[tuple[str, Way]]:
    """What callers send that is no FHIR or may not be coded."""
    bad: dict[str, Resource] = {
        "a status": note(status=WORD),
        "a date": note(date=WORD),
        "base64": note() | {"content": [{"attachment": {"contentType": "text/plain", "data": f"{WORD}!"}}]},
        "an unknown property": note() | {f"the {WORD} said": SENTENCES},
        "a property of one word": note() | {WORD: SENTENCES},
        "a wrong type": note() | {"content": SENTENCES},
        "an id": note(id=f"{WORD} and {WORD}"),
        "a subject": note(subject=SENTENCES),
        "narrative": note() | {"text": {"status": "generated", "div": f"<div>{WORD}<script>{WORD}</script></div>"}},
    }
    for name, document in bad.items():
        yield f"malformed note: {name}", Way(body=inline(document), statuses=(400, 422))
    whole = inline(note())
    yield "JSON that is cut", Way(body=whole[:-40], statuses=(400,))
    yield "JSON with the word loose", Way(body=b'{"resourceType": ' + WORD.encode(), statuses=(400,))
    yield "a body of text", Way(body=SENTENCES.encode(), statuses=(400,))
    yield "text as another type", Way(body=SENTENCES.encode(), statuses=(415,), headers={"Content-Type": f"text/{WORD}"})
    xml = f'<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="note"/>{SENTENCES}</parameter></Parameters>'
    yield "text in XML", Way(body=xml.encode(), statuses=(400,), headers={"Content-Type": "application/fhir+xml"})
    yield "XML that is cut", Way(body=xml[:-70].encode(), statuses=(400,), headers={"Content-Type": "application/fhir+xml"})
    others = inline(note(subject={"reference": "Patient/other", "display": WORD}))
    yield "a reference to nothing", Way(body=inline(note(subject={"reference": SENTENCES})))
    yield "a note of another patient", Way(body=others, statuses=(422,))
    yield "an unsigned note", Way(body=inline(note(docStatus="preliminary")), statuses=(422,))
    yield "an open visit", Way(body=inline(note(), visit(status="in-progress")), statuses=(422,))
    unknown = parameters(**{f"the {WORD}": {"valueString": SENTENCES}})
    yield "an unknown parameter, strict", Way(AT_THE_EHR, unknown, (400,), headers={"Prefer": "handling=strict"})
    yield "an unknown parameter", Way(AT_THE_EHR, unknown, held=(note(),))
    for name, claim in _claims():
        yield f"{name}, checked", Way("/fhir/Claim/$check-coding", json.dumps(claim).encode(), (200, 400, 422))
    yield "a value of the wrong type", Way(AT_THE_EHR, parameters(ehr={"valueString": f"{WORD} {WORD}"}), (403,))
    yield "an EHR's id of the wrong form", Way(INLINE, parameters(encounterReference={"valueReference": {"reference": SENTENCES}}), (400,))


def _claims() -> Iterator[tuple[str, Resource]]:
    """Claims whose every text is the word; one also has it as a code, and one as a reference."""
    concept = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11", "display": WORD}], "text": WORD}
    claim = {
        "resourceType": "Claim",
        "status": "active",
        "type": {"text": WORD},
        "use": "claim",
        "patient": {"reference": "#p", "display": WORD},
        "created": "2026-05-05",
        "provider": {"display": WORD},
        "priority": {"text": WORD},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": WORD}}],
        "contained": [patient(id="p")],
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": concept}],
        "item": [{"sequence": 1, "productOrService": {"text": WORD}}],
    }
    yield "a claim", claim
    yield (
        "a claim with the word as a code",
        claim | {"diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {"coding": [{**concept["coding"][0], "code": WORD}]}}]},
    )
    yield "a claim that refers to the word", claim | {"diagnosis": [{"sequence": 1, "diagnosisReference": {"reference": SENTENCES}}]}


def _answers() -> Iterator[tuple[str, Way]]:
    """What EHRs answer."""
    for status in (400, 422, 500):
        for way in (False, True):
            on = "POST " if way else "POST Condition"
            faults = (answering(on, ECHO, status),)
            name = f"a refused write that quotes, {status}, {'transaction' if way else 'one by one'}"
            yield name, Way(AT_THE_EHR, WRITE, (200, 502), (note(),), faults, way)
    yield "a write answered with text", Way(AT_THE_EHR, WRITE, (200, 502), (note(),), (answering("POST", SENTENCES.encode(), 200),))
    for on in ("GET Encounter/e1", "GET Patient/p1", "GET DocumentReference", "GET metadata", "GET Condition"):
        for status, body in (
            (500, ECHO),
            (403, ECHO),
            (200, SENTENCES.encode()),
            (200, ECHO),
            (200, b'{"resourceType": "' + WORD.encode()),
        ):
            faults = (answering(on, body, status),)
            yield f"{on} answered {status} with {body[:20]!r}", Way(AT_THE_EHR, WRITE, (200, 404, 422, 502), (note(),), faults)
    malformed = searchset(
        note(),
        note(id="n2", status=WORD),
        note(id="n3", date=WORD),
        {"resourceType": WORD},
        WORD,
        {"resourceType": "DocumentReference", WORD: WORD},
    )
    yield "malformed entries", Way(AT_THE_EHR, faults=(answering("GET DocumentReference", malformed),))
    linked = note() | {"content": [{"attachment": {"contentType": "text/plain", "url": "Binary/b1", "title": WORD}}]}
    for status in (403, 404, 500):
        faults = (answering("GET Binary/b1", ECHO, status),)
        yield f"an attachment answered {status}", Way(AT_THE_EHR, WRITE, (200, 422, 502), (linked, note(id="n2")), faults)
    for status in (0, -1):
        yield f"no answer ({status})", Way(AT_THE_EHR, WRITE, (502, 504), (note(),), (Fault("GET DocumentReference", status, times=-1),))
        yield f"no answer to a write ({status})", Way(AT_THE_EHR, WRITE, (200, 502, 504), (note(),), (Fault("POST", status, times=-1),))


PATHS = dict(paths())


class House:
    """The server without its sockets, on whichever EHR is set, with the data folder and the store of its own."""

    def __init__(self, coder: Coder, folder: Path, key: str) -> None:
        self.folder = folder
        self.database = folder / f"{'with' if key else 'without'}-key.sqlite"
        self.ehr = PATHS["text inline"].ehr()
        settings = Settings.from_environment(
            {"FHIR_CODER_DATA": str(folder), "FHIR_CODER_KEY": key, "FHIR_CODER_DATABASE_URL": f"sqlite:///{self.database}"}, sandbox=True
        )
        stores = open_all_stores(settings)
        self._engine = Engine(
            coder=coder,
            policy=outpatient(),
            tenants={"default": Tenant("default", (EhrSettings("simulated", BASE, write_before_review=True),))},
            repository=stores.repository,
            connect=self._connect,
            probe=EhrProbe(self._connect),
            now=lambda: datetime.now(UTC),
        )
        app = Flask("fhir_coder", static_folder=None)
        guards = Guards.of(settings, open_counters("", folder), stores.audit.record)
        app.register_blueprint(create_api(self._engine, settings, guards=guards))
        app.register_blueprint(create_cds_hooks(hook_parts(settings, self._engine.tenants, stores.hooks, guards), DEFAULT_TENANT))
        reviewing = open_reviewing(
            settings, self._engine, EhrConnections(None), guards, lambda registrations: open_flow((), registrations), stores
        )
        app.register_blueprint(create_review(reviewing.parts))
        install_error_handlers(app)
        self.client: FlaskClient = app.test_client()

    def _connect(self, _: EhrSettings) -> EhrClient:
        return self.ehr.client()

    def go(self, path: Way) -> tuple[int, str]:
        """Send the request of a path: status and body of the answer."""
        self.ehr = path.ehr()
        answer = self.client.post(path.url, data=path.body, headers={"Content-Type": FHIR} | path.headers)
        return answer.status_code, answer.get_data(as_text=True)

    def look(self) -> Iterator[tuple[str, int, str]]:
        """Open every page there is of what was coded, ask for what there is not, and have a CDS client call: name, status, body."""
        shown = [f"/review/encounters/{one.id}" for one in self._engine.repository.recent(DEFAULT_TENANT, 1000)]
        for url in ("/review/", *shown, f"/review/encounters/{WORD}", f"/review/{WORD}?note={WORD}", f"/sign-in?return_to=//{WORD}"):
            yield url.replace(WORD, "..."), *self._answer(self.client.get(url))
        for name, form in {"a form": {"encounter": WORD}, "a reason": {"coding": WORD, "reason": SENTENCES}}.items():
            yield name, *self._answer(self.client.post("/review/code" if name == "a form" else "/review/break-glass", data=form))
        context = {"userId": "Practitioner/1", "patientId": "p1", "encounterId": "e1"}
        call = {"hook": "encounter-discharge", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "context": context}
        for name, body in {"a card": call | {"prefetch": {"note": {"text": SENTENCES}}}, "no card": {"hook": SENTENCES}}.items():
            yield name, *self._answer(self.client.post("/cds-services/encounter-discharge", json=body))

    def _answer(self, response: Any) -> tuple[int, str]:
        return response.status_code, response.get_data(as_text=True)

    def columns(self) -> Iterator[tuple[str, Any]]:
        """Every value of the store, with the place where it stands."""
        with closing(sqlite3.connect(self.database)) as database:
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                rows = database.execute(f"SELECT * FROM {table}")
                names = [one[0] for one in rows.description]
                yield from ((f"{table}.{name}", value) for row in rows for name, value in zip(names, row, strict=True))

    def files(self) -> Iterator[Path]:
        """Every file of the data folder, artifacts included; releases and index are links to those of other tests."""
        yield from (path for path in self.folder.rglob("*") if path.is_file())

    def artifacts(self) -> set[Path]:
        """The files that codings were made with; they are kept before the first and grow by no encounter."""
        return {path for path in self.files() if path.is_relative_to(self.folder / "artifacts")}

    def close(self) -> None:
        self._engine.repository.close()


@pytest.fixture(scope="module")
def recording(built: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Coder, Path]:
    """The engine of the pipeline as the server has it, and its data folder with the artifacts that it keeps."""
    folder, shared = tmp_path_factory.mktemp("privacy"), Settings.from_environment().data
    for name in ("releases", "index"):
        (folder / name).symlink_to(shared / name)
    return build_coder(Settings.from_environment({"FHIR_CODER_DATA": str(folder)}), records=True), folder


@contextmanager
def logging_told(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Logs as the server sets them up at DEBUG, also to ``caplog``; then as they were."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logging("DEBUG")
    root.addHandler(caplog.handler)
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def told(record: logging.LogRecord) -> str:
    """All that any formatter could print of a record."""
    return JsonFormatter().format(record) + logging.Formatter().format(record) + repr(record.__dict__)


WRITTEN = {name: path for name, path in PATHS.items() if name.endswith("written back")}


@pytest.mark.parametrize(("key", "ways"), [("", PATHS), (KEY, WRITTEN)], ids=["without a key", "with a key"])
def test_the_words_of_a_patient_reach_nothing_that_is_kept_or_told(
    recording: tuple[Coder, Path], key: str, ways: dict[str, Way], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    house, leaks = House(*recording, key), []
    artifacts = house.artifacts()
    with logging_told(caplog):
        for name, path in ways.items():
            caplog.clear()
            status, body = house.go(path)
            leaks += [f"{name}: goes another way ({status})" for _ in "1" if status not in path.statuses]
            leaks += [f"{name}: error body" for _ in "1" if status >= 400 and holds_word(body)]
            leaks += [f"{name}: log record of {one.name}" for one in caplog.records if holds_word(told(one))]
            leaks += [f"{name}: standard error or output" for _ in "1" if holds_word("".join(capfd.readouterr()))]
        caplog.clear()
        looks = list(house.look())
        leaks += [f"{name}: error page" for name, status, body in looks if status >= 400 and holds_word(body)]
        leaks += [f"pages: log record of {one.name}" for one in caplog.records if holds_word(told(one))]
        leaks += ["pages: standard error or output" for _ in "1" if holds_word("".join(capfd.readouterr()))]
        assert {200, 400, 403, 404} <= {status for _, status, _ in looks}
        assert any("Essential hypertension" in body for _, _, body in looks) == bool(key)  # the pages do show words, where they are kept
        metrics = house.client.get("/metrics").get_data(as_text=True)
    assert "fhir_coder" in metrics and not holds_word(metrics)
    columns = list(house.columns())
    assert len(columns) > 50 * len(ways)
    leaks += [
        f"column {place}" for place, value in columns if holds_word(value.decode("latin-1") if isinstance(value, bytes) else str(value))
    ]
    house.close()
    leaks += [f"file {path.name}" for path in house.files() if holds_word(path.read_bytes().decode("latin-1"))]
    assert artifacts and artifacts == house.artifacts()
    assert sorted(set(leaks)) == []


@pytest.mark.parametrize("text", [f"of {WORD}.", WORD.upper(), *(encoded("y" * pad + SENTENCES) for pad in range(3))])
def test_the_search_finds_the_word(text: str) -> None:
    assert holds_word(text)
    assert not holds_word(encoded("Assessment: Essential hypertension."))
