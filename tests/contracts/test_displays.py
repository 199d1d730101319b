"""Every display that is emitted is what the code system calls the code: R4 says so of Coding.display, and validators with terminology report what is not.

Emitted: the answers to every encounter of the conformance kit, what is written to an EHR, audit events of every word, definitions, the code set's operations, and
the examples of the FHIR package (signed, withdrawn, queries).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from conformance.coded import objects
from conformance.fixture import INLINE, all_fixtures
from conformance.ig.examples import examples
from fhir_coder.api.parameters import OUT, Parameter
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.audit.event_codes import event_codes
from fhir_coder.audit.fhir_event import Observer, audit_event
from fhir_coder.sandbox.seed import encounter_sources
from fhir_coder.settings import Settings
from fhir_coder.vocabulary import CANONICAL, CMS_HCC, ICD10CM
from terminology.codebook import Codebook
from terminology.release import Catalogue
from tests.conformance.ig.fsh import code_systems
from tests.contracts.peers import Resource
from tests.one_engine import create_app

Displays = dict[str, dict[str, str]]
"""Display by code, by the URL of the code system."""

NOT_IN_R4 = {
    "http://terminology.hl7.org/CodeSystem/v3-ObservationValue": {"AIAST": "Artificial Intelligence asserted"},
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category": {"clinical-note": "Clinical Note"},
}
"""Of HL7 Terminology (THO, v3-ObservationValue, since 2019) and of US Core 6.1.0: the definitions of R4 do not have them."""
WRITTEN = ("Condition", "Claim", "Task", "Provenance")
SENT = {
    "metadata": None,
    "metadata?mode=terminology": None,
    "OperationDefinition/code-encounter": None,
    "OperationDefinition/check-coding": None,
    "ValueSet/$expand?url=http://hl7.org/fhir/sid/icd-10-cm?fhir_vs=isa/E11": None,
    "CodeSystem/$lookup?system=http://hl7.org/fhir/sid/icd-10-cm&code=E11.9": None,
    "CodeSystem/$lookup?system=http://hl7.org/fhir/sid/icd-10-cm&code=none": None,
    "Claim/$check-coding": {"condition": [{"code": {"coding": [{"system": ICD10CM, "code": code}]}} for code in ("E11.9", "E10.9", "E11")]},
}


@pytest.fixture(scope="module")
def emitted(built: None, tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    """Everything that the assembled server says of the fixtures and of its built-in EHR, what it wrote there, and what else there is."""
    store = tmp_path_factory.mktemp("displays") / "store.sqlite"
    given = {
        "FHIR_CODER_DATA": str(Settings.from_environment().data),
        "FHIR_CODER_DATABASE_URL": f"sqlite:///{store}",
        "FHIR_CODER_RATE_LIMIT": "",
        "FHIR_CODER_LOG_LEVEL": "ERROR",
    }
    client = create_app(Settings.from_environment(given, sandbox=True)).test_client()
    return [*answers(client), *written(client), *spoken(client), *audited(), *(one.resource for one in examples())]


def answers(client: FlaskClient) -> Iterator[Resource]:
    for one in all_fixtures().values():
        if INLINE in one.ways:
            yield client.post("/fhir/Encounter/$code-encounter", json=one.parameters()).get_json(force=True)


def written(client: FlaskClient) -> Iterator[Resource]:
    body = {"resourceType": "Parameters", "parameter": [{"name": "writeBack", "valueBoolean": True}]}
    for source in encounter_sources():
        yield client.post(f"/fhir/Encounter/{source.short['id']}/$code-encounter", json=body).get_json(force=True)
    for kind in (*WRITTEN, "Encounter", "DocumentReference", "Coverage", "Practitioner"):
        yield client.get(f"/sandbox/fhir/{kind}?_count=1000").get_json(force=True)


def spoken(client: FlaskClient) -> Iterator[Resource]:
    for path, body in SENT.items():
        if body is None:
            yield client.get(f"/fhir/{path}").get_json(force=True)
        else:
            given = [
                {"name": name, "resource": {"resourceType": "Condition", "subject": {"display": "somebody"}} | one}
                for name, some in body.items()
                for one in some
            ]
            yield client.post(f"/fhir/{path}", json={"resourceType": "Parameters", "parameter": given}).get_json(force=True)


def audited() -> Iterator[Resource]:
    for kind in AgentKind:
        for word in event_codes():
            entry = AuditEntry(
                "default", word, Action.READ, Success.DONE, Agent(kind, "a", "https://i.example.org"), "Patient/1", ("Encounter/1",)
            )
            yield audit_event(entry, Observer(), "e", datetime(2026, 5, 12, tzinfo=UTC))


@pytest.fixture(scope="module")
def codings(emitted: list[Resource]) -> list[Resource]:
    """Every Coding with a display, wherever it stands: what the server only repeats from fixtures is not among the answers."""
    found = [one for resource in emitted for one in objects(resource)]
    return [one for one in found if isinstance(one.get("code"), str) and isinstance(one.get("display"), str) and "system" in one]


def wrong(codings: list[Resource], known: Displays) -> dict[str, int]:
    """Codings of these systems that are called otherwise, or are not of the system, counted."""
    ours = [one for one in codings if one["system"] in known]
    assert ours
    return dict(
        Counter(
            f"{one['system']}|{one['code']} {one['display']}" for one in ours if known[one["system"]].get(one["code"]) != one["display"]
        )
    )


def test_enough_is_looked_at(emitted: list[Resource], codings: list[Resource]) -> None:
    kinds = {one["resourceType"] for one in emitted}
    inside = {one["resource"]["resourceType"] for bundle in emitted for one in bundle.get("entry", ()) if "resource" in one}
    assert {"Parameters", "AuditEvent", "CapabilityStatement", "OperationOutcome", "ValueSet", "Communication"} <= kinds
    assert set(WRITTEN) <= inside
    ours = {one["system"].rpartition("/")[2] for one in codings if one["system"].startswith(CANONICAL)}
    assert ours == {"disposition", "disposition-reason", "edit", "review-status", "task"}
    assert {one["system"] for one in codings} >= {ICD10CM, CMS_HCC, "http://dicom.nema.org/resources/ontology/DCM"}


def test_our_codes_are_called_as_our_code_systems_say(codings: list[Resource]) -> None:
    assert wrong(codings, {f"{CANONICAL}/CodeSystem/{name}": known for name, known in code_systems().items()}) == {}


def test_codes_of_icd_10_cm_are_called_by_their_titles(codings: list[Resource], catalogue: Catalogue) -> None:
    """An expansion names its release once for all."""
    ours = [{"version": "2026-04-01"} | one for one in codings if one["system"] == ICD10CM]
    assert len({one["code"] for one in ours}) > 100
    titles = {version: catalogue.get(version).codebook for version in {one["version"] for one in ours}}
    assert [one for one in ours if titles[one["version"]].title(one["code"]) != one["display"]] == []


def test_codes_of_hl7_and_dicom_are_called_as_r4_says(codings: list[Resource], peers: Path) -> None:
    known = {**of_r4(peers), **{system: of_r4(peers).get(system, {}) | more for system, more in NOT_IN_R4.items()}}
    others = [one for one in codings if one["system"] not in {ICD10CM, CMS_HCC} and not one["system"].startswith(CANONICAL)]
    assert {one["system"] for one in others} - set(known) == set()
    assert wrong(others, known) == {}


def test_codes_without_a_display_are_codes_of_their_systems(emitted: list[Resource], peers: Path) -> None:
    known = {**of_r4(peers), **{f"{CANONICAL}/CodeSystem/{name}": some for name, some in code_systems().items()}}
    found = [one for resource in emitted for one in objects(resource) if isinstance(one.get("code"), str) and one.get("system") in known]
    bare = {(one["system"], one["code"]) for one in found if "display" not in one}
    assert len(bare) > 20
    assert {(system, code) for system, code in bare if code not in known[system]} == set()


def carried(parts: list[Resource], defined: tuple[Parameter, ...], path: str = "") -> Iterator[tuple[str, Parameter, str]]:
    """Path, parameter and code of all codes in an answer, by the table that its OperationDefinition is made of."""
    known = {one.name: one for one in defined}
    for part in parts:
        one = known[part["name"]]
        if one.type in {"code", "Coding", "CodeableConcept"}:
            value = part[one.content]
            codes = [value] if isinstance(value, str) else [two["code"] for two in value.get("coding", [value])]
            yield from ((f"{path}{one.name}", one, code) for code in codes)
        yield from carried(part.get("part", []), one.parts, f"{path}{one.name}.")


def test_every_code_of_an_answer_is_in_its_value_set(emitted: list[Resource], codebook: Codebook) -> None:
    answered = [
        one for one in emitted if one["resourceType"] == "Parameters" and any(two["name"] == "codingId" for two in one["parameter"])
    ]
    found = {(path, one.value_set, one.strength, code) for answer in answered for path, one, code in carried(answer["parameter"], OUT)}
    assert {path for path, _, _, _ in found} >= {
        "reason",
        "rejected.reason",
        "reconciliation.recorded",
        "risk.mapping",
        "risk.eligibility.met",
    }
    ours = {name: set(known) for name, known in code_systems().items()}
    categories = {code for path, name, _, code in found if name == "cms-hcc"}
    assert categories and all(code.isdigit() for code in categories)
    outside = {
        (path, code)
        for path, name, strength, code in found
        if strength == "required" and name != "cms-hcc" and not (code in codebook if name == "icd-10-cm" else code in ours[name])
    }
    assert outside == set()


def of_r4(peers: Path) -> Displays:
    """The code systems of R4 with their contents."""
    folder = peers / "node_modules" / "@medplum" / "definitions" / "dist" / "fhir" / "r4"
    known: Displays = {}
    for name in ("valuesets.json", "v3-codesystems.json", "v2-tables.json"):
        for entry in json.loads((folder / name).read_text(encoding="utf-8"))["entry"]:
            resource = entry["resource"]
            if resource["resourceType"] == "CodeSystem":
                concepts = known.setdefault(resource["url"], {})
                concepts |= {
                    one["code"]: one["display"] for one in objects(resource.get("concept", [])) if "code" in one and "display" in one
                }
    return known


def test_a_sentence_in_a_display_is_found() -> None:
    coding = {"system": f"{CANONICAL}/CodeSystem/disposition", "code": "review", "display": "A person must look at this encounter."}
    assert len(wrong([coding], {coding["system"]: code_systems()["disposition"]})) == 1
