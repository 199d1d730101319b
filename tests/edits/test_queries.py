"""Queries to the provider: nothing in them leads, everything quoted stands in the note, and each answer leads to codes of the release."""

from __future__ import annotations

import re
from datetime import date

import pytest

from fhir_coder.edits.fce801_side_open import QUESTION as SIDE_QUESTION
from fhir_coder.edits.fce806_trimester_open import QUESTION as TRIMESTER_QUESTION
from fhir_coder.edits.fce811_displacement_open import QUESTION as DISPLACEMENT_QUESTION
from fhir_coder.edits.queries import OTHER, UNABLE
from fhir_coder.edits.query_axes import axes_of
from fhir_coder.edits.registry import all_edits
from fhir_coder.edits.run import check_codes
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Note, ProviderQuery
from fhir_coder.querying import query_text
from tests.each import for_each
from tests.edits.test_cases import rows

AXES = list(read_table("query_axes.tsv"))
OPTIONS = list(read_table("query_options.tsv"))
ASKING = [param for param in rows("fires") if param.values[0].id.startswith(("FCE-80", "FCE-81"))]
ANY_CODE = re.compile(r"\b[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?\b")
MONEY_OR_MEASURE = re.compile(
    r"\b(?:codes?|coding|coded|icd\w*|billing|billed|bills?|pay\w*|paid|reimburs\w*|revenue|claims?|insur\w*|denials?|quality|hcc|raf|drg|"
    r"risk[- ]adjust\w*|severity of illness|score|measure|specific(?:ity)?|unspecified|compliance|audit)\b",
    re.IGNORECASE,
)


def query_of(case, edit) -> ProviderQuery:
    findings, _ = check_codes(case, {}, [edit])
    assert len(findings) == 1 and findings[0].query is not None
    return findings[0].query


def asked(build_case, edit_id: str, code: str, note: str, words: str) -> ProviderQuery:
    edit = next(one for one in all_edits() if one.id == edit_id)
    return query_of(build_case({"codes": [code], "note": note, "evidence": {code: words}}), edit)


def texts(query: ProviderQuery) -> list[str]:
    return [one.text for one in query.options]


@for_each("text", [*(row["question"] for row in AXES), SIDE_QUESTION, TRIMESTER_QUESTION, DISPLACEMENT_QUESTION])
def test_no_question_names_a_code_money_or_a_measure(text: str) -> None:
    assert not ANY_CODE.search(text) and not MONEY_OR_MEASURE.search(text)
    assert text.endswith("?")


@for_each("text", [row["text"] for row in OPTIONS])
def test_no_option_names_a_code_money_or_a_measure(text: str) -> None:
    assert not ANY_CODE.search(text) and not MONEY_OR_MEASURE.search(text)


@for_each("edit, row", ASKING)
def test_what_is_sent_names_no_code_but_in_quotations(edit, row, build_case) -> None:
    case = build_case(row)
    sent = query_text(query_of(case, edit), case.encounter.notes, case.service_date)
    ours = re.sub(r'".*?"', "", sent)
    assert not ANY_CODE.search(ours) and not MONEY_OR_MEASURE.search(ours)
    assert "addendum" in ours and "sign" in ours


@for_each("edit, row", ASKING)
def test_every_query_quotes_the_note_and_can_be_declined(edit, row, build_case) -> None:
    case = build_case(row)
    query = query_of(case, edit)
    assert query.options[-2:] == (OTHER, UNABLE) and len(query.options) > 2
    assert query.indicators
    for one in query.indicators:
        assert case.encounter.notes[0].text[one.start : one.end] == one.text
    assert all(case.codebook.normalize(code) == code for option in query.options[:-2] for code in option.leads_to)
    assert all(option.leads_to for option in query.options[:-2])


@pytest.mark.parametrize("axis", [axis for edit in all_edits() for axis in axes_of(edit.id)], ids=lambda axis: axis.topic)
def test_each_answer_leads_to_codes_whatever_code_left_it_open(axis, codebook) -> None:
    left_open = [code for code in codebook.billable_codes() if axis.leaves_open(code, codebook.title(code))]
    assert left_open
    for choice in axis.choices:
        known = [code for code in left_open if any(codebook.normalize(lead) for lead in choice.leads_to(code))]
        assert len(known) >= 0.8 * len(left_open), choice.text
        assert not [code for code in left_open if code in choice.leads_to(code) and "not intractable" not in choice.text]


def test_every_topic_has_answers_and_no_answer_is_left_over() -> None:
    assert {row["topic"] for row in AXES} == {row["topic"] for row in OPTIONS}
    assert {row["edit"] for row in AXES} <= {edit.id for edit in all_edits()}
    assert {row["measure"] for row in OPTIONS} - {""} == {row["measure"] for row in read_table("query_measures.tsv")}


@pytest.mark.parametrize(
    ("edit", "code", "note", "offered"),
    [
        ("FCE-802", "N18.9", "CKD. eGFR 41.", ["stage 3a", "stage 3b"]),
        ("FCE-802", "N18.9", "CKD. eGFR 35.", ["stage 3b"]),
        ("FCE-802", "N18.9", "CKD. eGFR 22, was 31 in May.", ["stage 4"]),
        ("FCE-802", "N18.9", "CKD. eGFR 22. Last year eGFR 48.", ["stage 3a", "stage 3b", "stage 4"]),
        ("FCE-802", "N18.9", "CKD. Creatinine 1.9.", ["stage 1", "stage 2", "stage 3a", "stage 3b", "stage 4", "stage 5"]),
        ("FCE-808", "E66.9", "Obesity. BMI 36.4.", ["class 2"]),
        ("FCE-803", "I50.9", "Heart failure. EF 60%.", ["diastolic heart failure (preserved ejection fraction)"]),
        ("FCE-804", "I50.30", "Diastolic heart failure, no edema.", ["chronic"]),
        ("FCE-804", "I50.30", "Diastolic heart failure. Crackles at both bases.", ["acute", "chronic", "acute on chronic"]),
        ("FCE-805", "F33.9", "Recurrent MDD. PHQ-9 of 6.", ["mild", "in partial remission"]),
        ("FCE-812", "D64.9", "Anemia. Heavy periods this year, denies taking ferritin tests.", ["chronic blood loss"]),
    ],
)
def test_only_what_the_notes_support_is_offered(build_case, edit: str, code: str, note: str, offered: list[str]) -> None:
    assert texts(asked(build_case, edit, code, note, note.split(".", 1)[0].split(",", 1)[0]))[:-2] == offered


def test_a_rhythm_that_was_restored_is_not_permanent(build_case) -> None:
    note = "Atrial fibrillation, in sinus rhythm today."
    assert not [text for text in texts(asked(build_case, "FCE-803", "I48.91", note, "Atrial fibrillation")) if text.startswith("permanent")]


def test_an_answer_keeps_the_seventh_character(build_case) -> None:
    options = asked(build_case, "FCE-801", "S93.409A", "Ankle sprain.", "Ankle sprain").options
    assert [option.leads_to for option in options[:3]] == [("S93.401A",), ("S93.402A",), ("S93.401A", "S93.402A")]


def test_a_bilateral_code_is_offered_where_there_is_one(build_case) -> None:
    assert asked(build_case, "FCE-801", "H61.20", "Impacted cerumen.", "Impacted cerumen").options[2].leads_to == ("H61.23",)


def test_one_answer_serves_all_codes_of_a_pregnancy(build_case) -> None:
    row = {"codes": ["O23.40", "O99.280"], "note": "UTI in pregnancy. Thyroid disease in pregnancy."}
    row["evidence"] = {"O23.40": "UTI in pregnancy", "O99.280": "Thyroid disease in pregnancy"}
    edit = next(one for one in all_edits() if one.id == "FCE-806")
    assert query_of(build_case(row), edit).options[1].leads_to == ("O23.42", "O99.282")


def test_relatives_and_plans_are_not_quoted(build_case) -> None:
    note = "Asthma, stable.\nMother takes albuterol every night for asthma.\nReturn if albuterol is needed at night."
    quoted = [one.text for one in asked(build_case, "FCE-805", "J45.909", note, "Asthma").indicators]
    assert quoted == ["Asthma, stable."]


def test_a_long_statement_is_quoted_in_part(build_case) -> None:
    note = (
        "Asthma " + "with many words about the garden and the weather " * 8 + "and albuterol twice a week " + "and more of the same " * 20
    )
    for one in asked(build_case, "FCE-805", "J45.909", note, "Asthma").indicators:
        assert len(one.text) <= 200
        assert note[one.start : one.end] == one.text
        assert not one.start or note[one.start - 1] == " "


def test_what_is_sent_tells_date_and_source(build_case) -> None:
    query = asked(build_case, "FCE-802", "N18.9", "CKD.\neGFR 41.", "CKD")
    dated = Note("n1", "CKD.\neGFR 41.", title="Progress note", date="2026-04-30T09:00:00Z")
    sent = query_text(query, (dated,), date(2026, 5, 1))
    assert "Visit of 2026-05-01\n" in sent
    assert '- "eGFR 41." (Progress note, 2026-04-30, body)' in sent
    assert "[ ] stage 3b\n[ ] other (please specify)\n[ ] unable to determine\n" in sent
    assert "note n1, date not known" in query_text(query, (), None)


def test_without_a_note_nothing_is_asked(build_case) -> None:
    findings, not_run = check_codes(build_case({"codes": ["N18.9", "M25.569", "J45.909"]}), {})
    assert not [one for one in findings if one.query]
    assert {f"FCE-{number}" for number in range(801, 814)} <= set(not_run)
