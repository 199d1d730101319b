"""Histories of reviews for tests: one proposal, decisions one a minute, two people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fhir_coder.model import Outcome
from fhir_coder.worklist.decision import Decision, Recorded, Someone, Span
from fhir_coder.worklist.folding import advance, fold
from fhir_coder.worklist.review import Proposed, ProposedCode, Review, TurnedDown

ANNA = Someone("Practitioner/anna", "https://ehr.invalid", "Anna Abel")
BERT = Someone("Practitioner/bert", "https://ehr.invalid", "Bert Bach")
START = datetime(2026, 5, 1, 8, tzinfo=UTC)
WORDS = Span("n1", 3, 9, "a" * 64)
OTHER_WORDS = Span("n2", 0, 4, "b" * 64)
PROPOSED = Proposed(
    "c1",
    (
        ProposedCode("I10", "Essential (primary) hypertension", 0.95, Outcome.PASS, (WORDS,)),
        ProposedCode("E11.9", "Type 2 diabetes mellitus without complications", 0.6, Outcome.REVIEW, (OTHER_WORDS,)),
        ProposedCode("R05.9", "Cough, unspecified", 0.4, Outcome.REVIEW),
    ),
    (TurnedDown("R50.9", "Fever, unspecified", "negated", 0.2, (OTHER_WORDS,)), TurnedDown("I10", "Again", "outranked")),
)


def recorded(decision: Decision, sequence: int, by: Someone = ANNA) -> Recorded:
    return Recorded(sequence, START + timedelta(minutes=sequence), by.id, by.issuer, by.name, decision)


def history(*decisions: Decision) -> tuple[Recorded, ...]:
    return tuple(recorded(one, place) for place, one in enumerate(decisions, 1))


def played(*decisions: Decision, proposed: Proposed = PROPOSED) -> Review:
    """The review after decisions that are all admitted."""
    done: tuple[Recorded, ...] = ()
    for one in history(*decisions):
        advance(proposed, done, one)
        done = (*done, one)
    return fold(proposed, done)
