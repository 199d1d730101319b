"""Which decision asks a question and which takes it back, also through chains of undos."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fhir_coder.worklist.decision import Act, Decision, Recorded
from fhir_coder.worklist.questions import asked_by, askings, asks_after, taken_back_by

AT = datetime(2030, 5, 4, 12, tzinfo=UTC)
ASK, COMMENT, UNDO = Decision(Act.ASK, text="Which?"), Decision(Act.COMMENT, text="So."), Decision(Act.UNDO)


def history(*decisions: Decision) -> Sequence[Recorded]:
    return [Recorded(number, AT, "Practitioner/anna", "", "", one) for number, one in enumerate(decisions, 1)]


def undoing(sequence: int) -> Decision:
    return Decision(Act.UNDO, undoes=sequence)


def test_a_question_is_asked_by_its_own_decision_and_taken_back_by_an_undo() -> None:
    told = history(COMMENT, ASK, UNDO)
    assert [asked_by(told, one) for one in (1, 2, 3)] == [0, 2, 0]
    assert [taken_back_by(told, one) for one in (1, 2, 3)] == [0, 0, 2]
    assert askings(told, 2) == (2,)


def test_an_undo_of_the_undo_asks_again_and_so_on() -> None:
    told = history(ASK, undoing(1), undoing(2), undoing(3), undoing(4))
    assert [asked_by(told, one) for one in (3, 4, 5)] == [1, 0, 1]
    assert [taken_back_by(told, one) for one in (2, 3, 4)] == [1, 0, 1]
    assert askings(told, 1) == (1, 3, 5)


def test_what_a_decision_would_do_is_known_before_it_is_made() -> None:
    assert asks_after((), ASK) == (True, False) and asks_after((), UNDO) == (False, False)
    assert asks_after(history(ASK), UNDO) == (False, True)
    assert asks_after(history(ASK, COMMENT), UNDO) == (False, False)
    assert asks_after(history(ASK, COMMENT), undoing(1)) == (False, True)
    assert asks_after(history(ASK, UNDO), undoing(2)) == (True, False)


def test_after_a_signature_nothing_is_taken_back() -> None:
    assert asks_after(history(ASK, Decision(Act.RELEASE), Decision(Act.SIGN_OFF)), undoing(1)) == (False, False)
