"""What differs between two answers is named line by line, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_coder.model import CodeAssignment, Disposition, EditReport, Outcome, Reason
from fhir_coder.record.answer import Answer, answer_of, differences
from tests.store.conftest import coding_result

DISPOSITION = coding_result().disposition
ASSIGNMENTS = DISPOSITION.report.coded.assignments


def coded(*assignments: CodeAssignment) -> Disposition:
    report = replace(DISPOSITION.report, coded=replace(DISPOSITION.report.coded, assignments=assignments))
    return replace(DISPOSITION, report=report, by_code=DISPOSITION.by_code[: len(assignments)])


def report(**changes) -> EditReport:
    return replace(DISPOSITION.report, **changes)


def sentences(after: Disposition) -> list[str]:
    return [one.sentence for one in differences(answer_of(DISPOSITION), answer_of(after))]


def test_the_same_is_the_same() -> None:
    assert sentences(DISPOSITION) == []


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (coded(replace(ASSIGNMENTS[0], probability=0.9), ASSIGNMENTS[1]), "codes R05.9: p 0.8125 -> p 0.9000"),
        (coded(replace(ASSIGNMENTS[0], rank=2), replace(ASSIGNMENTS[1], rank=1)), "codes R05.9: rank 1 -> rank 2"),
        (coded(ASSIGNMENTS[0]), "codes Q87.89: only before (rank 2, p 0.5000, review, n1[12..34])"),
        (
            replace(DISPOSITION, report=report(findings=())),
            "findings FCE120 R05.9: only before (advisory, Twice., "
            "How long has the cough lasted?, less than 3 weeks R05.1; more than 8 weeks R05.3; unable to determine, n1[12..45])",
        ),
        (replace(DISPOSITION, reasons=(*DISPOSITION.reasons, Reason("no-codes", "None."))), "reasons no-codes: only after (None.)"),
        (replace(DISPOSITION, outcome=Outcome.PASS), "disposition encounter: review -> pass"),
        (
            replace(DISPOSITION, report=report(coded=replace(DISPOSITION.report.coded, rejected=()))),
            "rejected R50.9 negated: only before (p 0.2500, R05.9, n1[50..55])",
        ),
        (
            replace(DISPOSITION, report=report(coded=replace(DISPOSITION.report.coded, uncoded=()))),
            "uncoded n1[12..34]: only before (no code)",
        ),
    ],
    ids=["probability", "rank", "dropped", "finding", "reason", "disposition", "rejection", "uncoded"],
)
def test_every_kind_of_difference_is_told(after: Disposition, sentence: str) -> None:
    assert sentence in sentences(after)


def test_another_query_is_a_difference() -> None:
    finding = DISPOSITION.report.findings[0]
    without = replace(DISPOSITION, report=report(findings=(replace(finding, query=None),)))
    (sentence,) = sentences(without)
    assert sentence.startswith("findings FCE120 R05.9: How long has the cough lasted? -> ")
    shorter = replace(finding.query, options=finding.query.options[1:])
    (sentence,) = sentences(replace(DISPOSITION, report=report(findings=(replace(finding, query=shorter),))))
    assert "-> more than 8 weeks R05.3; unable to determine" in sentence


def test_findings_of_one_name_are_told_apart() -> None:
    finding = DISPOSITION.report.findings[0]
    twice = replace(DISPOSITION, report=report(findings=(finding, replace(finding, detail="Thrice.", query=None))))
    assert sentences(twice) == ["findings FCE120 R05.9 (2): only after (advisory, Thrice.)"]


def test_an_answer_holds_no_words() -> None:
    assert "Zwiebelkuchen" not in repr(answer_of(DISPOSITION))
    assert isinstance(answer_of(DISPOSITION), Answer)
