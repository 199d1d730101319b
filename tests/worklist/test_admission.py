"""What a review refuses, and by which error."""

from __future__ import annotations

import pytest

from fhir_coder.errors import Conflict, InvalidContent, RequestError
from fhir_coder.worklist.admission import admit
from fhir_coder.worklist.decision import Act, Decision, Override, Someone, Span, finding_name
from fhir_coder.worklist.folding import fold
from fhir_coder.worklist.form import LONGEST_TEXT, MOST
from fhir_coder.worklist.reasons import OTHER, QUERY_OPEN, reasons
from fhir_coder.worklist.review import Review
from tests.worklist.history import PROPOSED, WORDS, played

OPEN = fold(PROPOSED, ())
HELD = played(Decision(Act.HOLD, reason="second-opinion"))
SIGNED = played(Decision(Act.SIGN_OFF))
BLOCKS = finding_name("FCE301", ("I10", "E11.9"))


@pytest.mark.parametrize(
    "decision",
    [
        Decision(Act.ADD, "diabetes", reason="missed"),
        Decision(Act.ADD, "N18.31"),
        Decision(Act.ADD, "N18.31", reason="other"),
        Decision(Act.ADD, "N18.31", reason="unheard-of", spans=(WORDS,)),
        Decision(Act.ADD, "n18.31", spans=(WORDS,)),
        Decision(Act.ADD, "N18.31", spans=(Span("n1", 4, 4, "a" * 64),)),
        Decision(Act.ADD, "N18.31", spans=(WORDS,) * (MOST + 1)),
        Decision(Act.ACCEPT),
        Decision(Act.REPLACE, "I10"),
        Decision(Act.REPLACE, "I10", instead="hypertension"),
        Decision(Act.REPLACE, "I10", instead="I11.9", reason="unheard-of"),
        Decision(Act.REJECT, "I10"),
        Decision(Act.REJECT, "I10", reason="other", text="  "),
        Decision(Act.REJECT, "I10", reason="addendum"),
        Decision(Act.MOVE, "I10"),
        Decision(Act.MOVE, "I10", position=-1),
        Decision(Act.EVIDENCE, "I10"),
        Decision(Act.LINK, "I10", lines=(0,)),
        Decision(Act.LINK, "I10", lines=(1, 1)),
        Decision(Act.COMMENT, text=" "),
        Decision(Act.COMMENT, text="a" * (LONGEST_TEXT + 1)),
        Decision(Act.ASK, "I10"),
        Decision(Act.HOLD),
        Decision(Act.ASSIGN, to=Someone("", "https://ehr.invalid")),
        Decision(Act.COMMENT, "Zwiebelkuchen", text="See the letter."),
        Decision(Act.COMMENT, text="See the letter.", reason="a" * 33),
        Decision(Act.ASK, text="Which?", finding="a" * 256),
        Decision(Act.EVIDENCE, "I10", spans=(Span("n1", 3, 9, "abc"),)),
        Decision(Act.EVIDENCE, "I10", spans=(Span("", 3, 9, "a" * 64),)),
        Decision(Act.EVIDENCE, "I10", spans=(Span("n1", 3, 2**31, "a" * 64),)),
        Decision(Act.ASSIGN, to=Someone("a" * 256, "https://ehr.invalid")),
        Decision(Act.SIGN_OFF, overrides=(Override(BLOCKS, "because"),)),
        Decision(Act.SIGN_OFF, overrides=(Override(BLOCKS, "other"),)),
    ],
    ids=str,
)
def test_what_is_malformed_is_refused(decision: Decision) -> None:
    with pytest.raises(InvalidContent):
        admit(OPEN, decision, (BLOCKS,))


@pytest.mark.parametrize(
    ("review", "decision"),
    [
        (OPEN, Decision(Act.ACCEPT, "N18.31")),
        (played(Decision(Act.ACCEPT, "I10")), Decision(Act.ACCEPT, "I10")),
        (OPEN, Decision(Act.REJECT, "R50.9", reason="negated")),
        (OPEN, Decision(Act.REPLACE, "I10", instead="E11.9")),
        (OPEN, Decision(Act.REPLACE, "I10", instead="I10")),
        (OPEN, Decision(Act.REPLACE, "N18.31", instead="N18.32")),
        (OPEN, Decision(Act.ADD, "I10", reason="missed")),
        (OPEN, Decision(Act.RESTORE, "I10")),
        (OPEN, Decision(Act.RESTORE, "N18.31")),
        (OPEN, Decision(Act.MOVE, "N18.31", position=1)),
        (OPEN, Decision(Act.EVIDENCE, "R50.9", spans=(WORDS,))),
        (OPEN, Decision(Act.LINK, "R50.9", lines=(1,))),
        (OPEN, Decision(Act.RELEASE)),
        (HELD, Decision(Act.HOLD, reason="note-incomplete")),
        (HELD, Decision(Act.SIGN_OFF)),
        (OPEN, Decision(Act.UNDO)),
        (OPEN, Decision(Act.UNDO, undoes=4)),
        (played(Decision(Act.ACCEPT, "I10"), Decision(Act.UNDO)), Decision(Act.UNDO, undoes=1)),
        (played(Decision(Act.SIGN_OFF), Decision(Act.REOPEN, reason="addendum")), Decision(Act.UNDO, undoes=1)),
        (OPEN, Decision(Act.REOPEN, reason="addendum")),
        (SIGNED, Decision(Act.ACCEPT, "I10")),
        (SIGNED, Decision(Act.SIGN_OFF)),
        (SIGNED, Decision(Act.UNDO)),
    ],
    ids=lambda one: str(one)[:120] if isinstance(one, Decision) else one.state,
)
def test_what_the_state_does_not_allow_is_a_conflict(review: Review, decision: Decision) -> None:
    with pytest.raises(Conflict):
        admit(review, decision)


def test_a_blocking_finding_is_overridden_with_a_reason_or_blocks() -> None:
    override = Override(BLOCKS, "payer-rule")
    admit(OPEN, Decision(Act.SIGN_OFF, overrides=(override,)), {BLOCKS})
    with pytest.raises(Conflict, match=BLOCKS):
        admit(OPEN, Decision(Act.SIGN_OFF), {BLOCKS})
    with pytest.raises(Conflict, match="does not block"):
        admit(OPEN, Decision(Act.SIGN_OFF, overrides=(override,)))


def test_each_table_of_reasons_ends_with_another_in_words() -> None:
    assert set(reasons()) == {"reject", "replace", "add", "hold", "reopen", "override"}
    assert all(list(table)[-1] == OTHER for table in reasons().values())
    assert QUERY_OPEN in reasons()["hold"]


def test_errors_repeat_no_free_text() -> None:
    given = {"reason": "Zwiebelkuchen", "text": "Zwiebelkuchen", "instead": "Zwiebelkuchen", "finding": "Zwiebelkuchen"}
    for act, code in ((Act.REJECT, "I10"), (Act.REJECT, "Zwiebelkuchen"), (Act.REPLACE, "I10"), (Act.ADD, "Zwiebelkuchen"), (Act.HOLD, "")):
        with pytest.raises(RequestError) as refused:
            admit(OPEN, Decision(act, code, **given))
        assert "Zwiebelkuchen" not in str(refused.value)
