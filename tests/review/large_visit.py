"""A visit as large as one that a coder meets on a hard day: twelve codes, four notes, forty thousand characters, words that lie across each other."""

from __future__ import annotations

from dataclasses import replace

from fhir_coder.exchange import CodingResult
from fhir_coder.model import (
    Authority,
    CodeAssignment,
    Evidence,
    Finding,
    Note,
    Outcome,
    ProviderQuery,
    QueryOption,
    Rejection,
    RejectionReason,
    SectionKind,
    Severity,
)
from tests.store.conftest import coding_result

CODES, NOTES, CHARACTERS = 12, 4, 40_000
_WORDS = (
    "essential hypertension",
    "type 2 diabetes with stage 3b kidney disease",
    "asthma",
    "chronic pain",
    "gout",
    "migraine",
    "anemia",
    "hypothyroidism",
    "obesity",
)
_WORDS += ("sleep apnea", "heart failure", "mixed hyperlipidemia")
_ROUND = "\n\nHPI:\nSeen for a check; doing well & eating < 2 g of salt. No fever. Mother had gout.\n\nASSESSMENT AND PLAN:\n"


def note(number: int) -> Note:
    """One note; every one of the words stands in each of its rounds."""
    lines = "".join(
        f"{place}. {words.capitalize()}: stable, continue; labs before the next visit.\n" for place, words in enumerate(_WORDS, 1)
    )
    text = ""
    while len(text) < CHARACTERS // NOTES:
        text += _ROUND + lines
    return Note(
        f"n{number}", text, f"DocumentReference/n{number}", title=f"Progress note {number}", date="2026-05-04", authority=Authority.PROVIDER
    )


def evidence(one: Note, words: str, nth: int = 1, longer: int = 0) -> Evidence:
    """The ``nth`` time the words stand in the note, and ``longer`` characters after them."""
    start = -1
    for _ in range(nth):
        start = one.text.lower().index(words, start + 1)
    end = start + len(words) + longer
    return Evidence(one.id, start, end, one.text[start:end], one.sha256, SectionKind.ASSESSMENT_AND_PLAN)


def large_visit() -> CodingResult:
    """The coding of it."""
    result = coding_result("Encounter/large")
    notes = tuple(note(number) for number in range(1, NOTES + 1))
    encounter = replace(result.intake.encounter, notes=notes, unreadable=())
    assignments = tuple(
        CodeAssignment(
            f"X{place:02}.{place}",
            f"{words.capitalize()}, as the title of a code has it, with more words than fit a line",
            0.99 - place / 50,
            place,
            tuple(evidence(one, words, nth, longer=8 * (nth - 1)) for one in notes for nth in (1, 2)),
            "Named in the assessment/plan; matched by the clinical lexicon. Weighed most: several words matched.",
            {f"feature_{number}": number / 7 for number in range(80)},
        )
        for place, words in enumerate(_WORDS, 1)
    )
    query = ProviderQuery(
        "Which kind is it?", (evidence(notes[0], "chronic pain"),), (QueryOption("acute"), QueryOption("unable to determine"))
    )
    findings = tuple(
        Finding(
            f"FCE-{100 + place}",
            "a-finding",
            severity,
            (one.code,),
            "Say more.",
            "I.B.14",
            (one.evidence[0],),
            query if place % 3 else None,
        )
        for place, one in enumerate(assignments)
        for severity in (Severity.ADVISORY, Severity.BLOCKING)
    )
    rejected = tuple(
        Rejection(
            f"Y{place:02}",
            "Left out",
            reason,
            (evidence(notes[place % NOTES], "no fever" if place % 2 else "gout", place // 2 + 1),),
            0.2,
            assignments[0].code,
        )
        for place, reason in enumerate(RejectionReason)
    )
    report = result.disposition.report
    sections = replace(report.coded.assertions.mentions.sections, encounter=encounter)
    assertions = replace(report.coded.assertions, mentions=replace(report.coded.assertions.mentions, sections=sections))
    coded = replace(
        report.coded, assertions=assertions, assignments=assignments, rejected=rejected, uncoded=(evidence(notes[3], "no fever"),)
    )
    disposition = replace(result.disposition, report=replace(report, coded=coded, findings=findings), by_code=(Outcome.REVIEW,) * CODES)
    return replace(result, intake=replace(result.intake, encounter=encounter), disposition=disposition)
