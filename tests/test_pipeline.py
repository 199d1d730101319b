"""The whole line on real input: golden notes, and what must hold for every note."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_coder.coding.policy import every_mention, outpatient
from fhir_coder.model import Disposition, Encounter, Note, Outcome, text_hash
from fhir_coder.pipeline import Coder

GOLDEN = json.loads((Path(__file__).parent / "golden" / "notes.json").read_text(encoding="utf-8"))
NOTE = GOLDEN[0]["text"]


def encounter(*texts: str, day: date | None = date(2026, 5, 4)) -> Encounter:
    return Encounter(id="e1", notes=tuple(Note(id=f"n{number}", text=text) for number, text in enumerate(texts, 1)), service_date=day)


def code(coder: Coder, *texts: str, day: date | None = date(2026, 5, 4)) -> Disposition:
    return coder.code_encounter(encounter(*texts, day=day), outpatient())[0]


def codes(disposition: Disposition) -> list[str]:
    return [assignment.code for assignment in disposition.report.coded.assignments]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["name"])
def test_golden_notes(coder: Coder, golden: dict) -> None:
    disposition = code(coder, golden["text"])
    assert codes(disposition) == golden["codes"]
    reasons = {rejection.code: rejection.reason.value for rejection in disposition.report.coded.rejected}
    for rejected, reason in golden.get("rejected", {}).items():
        assert reasons.get(rejected) == reason
    assert not set(golden.get("not_coded", ())) & set(codes(disposition))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["name"])
def test_every_piece_of_evidence_quotes_its_note(coder: Coder, golden: dict) -> None:
    coded = code(coder, golden["text"]).report.coded
    pieces = [e for one in (*coded.assignments, *coded.rejected) for e in one.evidence] + list(coded.uncoded)
    assert pieces
    for evidence in pieces:
        assert golden["text"][evidence.start : evidence.end] == evidence.text
        assert evidence.sha256 == text_hash(golden["text"])
    assert all(assignment.evidence for assignment in coded.assignments)


def test_coding_twice_is_coding_once(coder: Coder) -> None:
    assert code(coder, NOTE) == code(coder, NOTE)


def test_every_coding_names_what_decided_it(coder: Coder) -> None:
    versions = code(coder, NOTE).report.coded.versions
    documented = (
        (Path(__file__).parents[1] / "docs" / "pipeline.md").read_text(encoding="utf-8").split("\n## Versions\n")[1].split("\n## ")[0]
    )
    assert {name for name in versions if f"`{name}`" not in documented} == set()
    assert {"software", "code", "release", "release sha", "index", "model", "lexicon", "ranker", "features", "knowledge", "policy"} == set(
        versions
    )
    kept = coder.artifacts(coder.catalogue.get(versions["release"]), outpatient())
    assert versions["release sha"] == kept.release[:12] and versions["index"].startswith(kept.index[:12])


def test_an_unrelated_note_removes_no_code(coder: Coder) -> None:
    assert set(codes(code(coder, NOTE))) <= set(codes(code(coder, NOTE, "Nurse visit\nBlood pressure cuff size checked. Forms signed.\n")))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(
        st.sampled_from([line for golden in GOLDEN for line in golden["text"].splitlines(keepends=True)]), min_size=1, max_size=14
    )
)
def test_nothing_outside_the_release_is_ever_emitted(coder: Coder, pieces: list[str]) -> None:
    text = "".join(pieces)
    if not text.strip():
        return
    for policy in (outpatient(), every_mention()):
        coded = coder.code_encounter(encounter(text), policy)[0].report.coded
        book = coder.catalogue.get(coded.release_id).codebook
        known = book.is_billable if policy.name == "outpatient" else book.normalize  # case reports have codes of other years, headers today
        assert all(known(assignment.code) for assignment in coded.assignments)
        assert [assignment.rank for assignment in coded.assignments] == list(range(1, len(coded.assignments) + 1))


@pytest.mark.parametrize(
    ("day", "name"),
    [(date(2026, 3, 1), "release-earlier"), (date(2026, 10, 1), "release-later"), (date(2026, 5, 1), None), (None, None)],
)
def test_the_release_follows_the_date_of_service(coder: Coder, day: date | None, name: str | None) -> None:
    disposition, use = coder.code_encounter(encounter(NOTE, day=day), outpatient())
    assert use.id == "2026-04-01"
    found = {finding.name for finding in disposition.report.findings if finding.name.startswith("release-")}
    assert found == ({name} if name else set())


def test_by_default_everything_is_reviewed_and_confidence_is_marked(coder: Coder) -> None:
    disposition = code(coder, NOTE)
    assert disposition.outcome is Outcome.REVIEW
    assert "policy-review-all" in {reason.code for reason in disposition.reasons}


def test_a_note_in_another_language_never_passes(coder: Coder) -> None:
    spanish = (
        "Motivo de consulta: el paciente acude por dolor de garganta desde hace tres días con fiebre y malestar general. "
        "Exploración: faringe enrojecida, sin exudado. Diagnóstico: faringitis aguda. Plan: paracetamol cada ocho horas y reposo en casa. "
    )
    passing = replace(coder, review=replace(coder.review, passing="confident", pass_probability=0.0))
    assert passing.code_encounter(encounter(spanish), outpatient())[0].outcome is Outcome.REVIEW


def test_a_confident_encounter_is_marked_as_such(coder: Coder) -> None:
    certain = replace(coder, review=replace(coder.review, pass_probability=0.0))
    marked = {reason.code for reason in code(certain, "Assessment: Essential hypertension.\nPlan: continue lisinopril.\n").reasons}
    assert marked == {"confident", "policy-review-all"}
    doubtful = replace(coder, review=replace(coder.review, pass_probability=1.0))
    assert "confident" not in {reason.code for reason in code(doubtful, NOTE).reasons}
