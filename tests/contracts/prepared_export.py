"""Real encounters for the contract tests: twenty of the prepared Bulk Data export, with all that they refer to, and one crowded visit."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Resource = dict[str, Any]
CHOSEN = 20
CROWDED = "crowded-visit"
CPT = "http://www.ama-assn.org/go/cpt"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
_ASSESSMENT = re.compile(r"# Assessment and Plan\n+Patient is presenting with (?P<items>.+?)\.\s*\n")
_NOT_DIAGNOSES = ("(finding)", "(substance)", "(organism)")


def prepare(script: Path, folder: Path, chosen: int = CHOSEN) -> list[Resource]:
    """The chosen encounters of the export and the resources that they need, in an order in which each can be stored."""
    subprocess.run([sys.executable, str(script), str(folder)], check=True, capture_output=True, timeout=60)
    rows = {path.stem: read_rows(path) for path in folder.glob("*.ndjson")}
    encounters = list(_choose(rows["Encounter"], rows["DocumentReference"], chosen))
    visits = {f"Encounter/{one['id']}" for one in encounters}
    notes = [one for one in rows["DocumentReference"] if _encounter_of(one) in visits]
    procedures = [one for one in rows["Procedure"] if one.get("encounter", {}).get("reference") in visits]
    patients = {one["subject"]["reference"] for one in encounters}
    coverages = [one for one in rows["Coverage"] if one["beneficiary"]["reference"] in patients]
    named = set(_references([encounters, notes, procedures, coverages]))
    people = [one for kind in ("Organization", "Practitioner", "Patient") for one in rows[kind] if f"{kind}/{one['id']}" in named]
    return [*people, *encounters, *notes, *procedures, *coverages]


def read_rows(path: Path) -> list[Resource]:
    """The resources of one file of the export."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _choose(encounters: list[Resource], notes: list[Resource], chosen: int) -> list[Resource]:
    """Ambulatory encounters, first one for each different assessment that names more than findings and allergens, then any others."""
    by_encounter = {_encounter_of(note): note for note in notes}
    different: dict[str, Resource] = {}
    others: list[Resource] = []
    for encounter in encounters:
        assessment = _assessment(by_encounter[f"Encounter/{encounter['id']}"])
        clinical = any(not item.endswith(_NOT_DIAGNOSES) for item in assessment.split(", ") if item)
        if encounter["class"]["code"] == "AMB" and clinical and assessment not in different:
            different[assessment] = encounter
        elif encounter["class"]["code"] == "AMB":
            others.append(encounter)
    return [*different.values(), *others][:chosen]


def _assessment(note: Resource) -> str:
    text = base64.b64decode(note["content"][0]["attachment"]["data"]).decode()
    found = _ASSESSMENT.search(text)
    return found["items"] if found else ""


def _encounter_of(note: Resource) -> str:
    return note["context"]["encounter"][0]["reference"]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for item in value.values():
            yield from _references(item)


CROWDED_NOTE = """ASSESSMENT AND PLAN
1. Type 2 diabetes mellitus without complications, continue metformin.
2. Essential hypertension, continue lisinopril.
3. Hyperlipidemia, continue atorvastatin.
4. Hypothyroidism, continue levothyroxine.
5. Gastroesophageal reflux disease without esophagitis, continue omeprazole.
6. Obstructive sleep apnea, uses CPAP.
7. Mild persistent asthma, uncomplicated, continue fluticasone.
8. Iron deficiency anemia, start ferrous sulfate.
9. Vitamin D deficiency, start cholecalciferol.
10. Allergic rhinitis, cetirizine as needed.
11. Generalized anxiety disorder, continue sertraline.
12. Gout, continue allopurinol.
13. Primary insomnia, sleep hygiene discussed.
14. Migraine without aura, not intractable, sumatriptan as needed.
15. Seborrheic dermatitis, ketoconazole shampoo.
"""
BILLED_REASONS = ("E11.9", "I10", "E78.5", "E03.9", "K21.9", "G47.33")


def crowded_visit(patient: str, practitioner: str) -> list[Resource]:
    """A visit with more problems than a claim has room for, and an evaluation billed (CPT) for more reasons than a line has pointers."""
    moment = "2026-06-15T10:00:00-05:00"
    subject, encounter = {"reference": patient}, {"reference": f"Encounter/{CROWDED}"}
    attachment = {"contentType": "text/plain; charset=utf-8", "data": base64.b64encode(CROWDED_NOTE.encode()).decode()}
    return [
        {
            "resourceType": "Encounter",
            "id": CROWDED,
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": subject,
            "participant": [{"individual": {"reference": practitioner}}],
            "period": {"start": moment},
        },
        {
            "resourceType": "DocumentReference",
            "id": f"{CROWDED}-note",
            "status": "current",
            "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3", "display": "Progress note"}]},
            "subject": subject,
            "date": moment,
            "content": [{"attachment": attachment}],
            "context": {"encounter": [encounter]},
        },
        {
            "resourceType": "Procedure",
            "id": f"{CROWDED}-service",
            "status": "completed",
            "code": {"coding": [{"system": CPT, "code": "99214"}]},
            "subject": subject,
            "encounter": encounter,
            "performedDateTime": moment,
            "reasonCode": [{"coding": [{"system": ICD10CM, "code": code}]} for code in BILLED_REASONS],
        },
    ]
