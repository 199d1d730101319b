"""What a coding started from, as JSON: whole, readable by later versions, and never quoted in an error."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest

from fhir_coder.facts import FactsUnreadable, facts_hash, read_encounter, read_recorded, recorded_rows, write_encounter, write_facts
from fhir_coder.model import (
    Authority,
    Encounter,
    Note,
    Patient,
    RecordedDiagnosis,
    SectionHint,
    SecurityLabel,
    Sensitivity,
    ServiceLine,
    UnreadableNote,
)

LABEL = SecurityLabel("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R")
NOTE = Note(
    "n1",
    "Assessment: gout.",
    "DocumentReference/n1",
    "text/html",
    "11506-3",
    "Progress note",
    "2026-05-01",
    "final",
    (SectionHint(0, 11, 17, "Assessment", "51848-0"),),
    "3",
    "Practitioner/dr",
    Authority.CLINICIAN,
    False,
    (LABEL,),
)
WHOLE = Encounter(
    id="e1",
    notes=(NOTE,),
    patient=Patient("p1", date(1980, 6, 2), "female"),
    service_date=date(2026, 5, 1),
    unreadable=(UnreadableNote("n2", "empty", "no text", "DocumentReference/n2"),),
    coverage="Coverage/c1",
    provider="Practitioner/dr",
    organization="Organization/o1",
    services=(ServiceLine("cpt", "99213", "ChargeItem/1", ("M10.9",), ("Condition/1",), "2026-05-01"),),
    conflicts=("birth date",),
    reference="Encounter/e1",
    is_claimed=True,
    recorded=(RecordedDiagnosis("M10.9", "Condition/1", "confirmed", True),),
    self_pay="Coverage/c1 says that the patient pays",
    labels=(LABEL,),
    sensitive=(Sensitivity("DocumentReference/n1", "restricted", "restricted (R)"),),
)


def test_the_example_leaves_nothing_at_its_default() -> None:
    """A field that is added to the encounter must be put into the example above, so that these tests see it."""
    bare = Encounter("", ())
    assert [field.name for field in fields(Encounter) if getattr(WHOLE, field.name) == getattr(bare, field.name)] == []


def test_everything_comes_back() -> None:
    assert read_encounter(write_encounter(WHOLE)) == WHOLE
    assert read_encounter(write_facts(WHOLE)) == replace(WHOLE, notes=(replace(NOTE, text=""),))
    assert "gout" not in write_facts(WHOLE)
    assert read_recorded(json.loads(json.dumps(recorded_rows(WHOLE)))) == WHOLE.recorded


def test_fields_of_other_versions_are_borne() -> None:
    stored = json.loads(write_facts(WHOLE))
    del stored["is_claimed"]
    assert read_encounter(json.dumps(stored | {"of_a_later_version": 1})) == replace(read_encounter(write_facts(WHOLE)), is_claimed=False)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": "Zwiebelkuchen"}', '{"id": "e", "notes": "Zwiebelkuchen"}'])
def test_what_is_no_encounter_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(FactsUnreadable) as caught:
        read_encounter(text)
    assert "Zwiebelkuchen" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"notes": ()}, True),
        ({"recorded": ()}, True),
        ({"patient": Patient("p1", date(1980, 6, 3), "female")}, False),
        ({"services": ()}, False),
        ({"coverage": ""}, False),
        ({"conflicts": ()}, False),
    ],
)
def test_the_hash_is_of_what_bears_on_the_codes_beside_the_notes(changes: dict[str, Any], is_same: bool) -> None:
    assert (facts_hash(replace(WHOLE, **changes)) == facts_hash(WHOLE)) is is_same
