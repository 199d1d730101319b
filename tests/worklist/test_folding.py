"""What follows from decisions: each act by example, and what holds for every history."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_coder.errors import Conflict, InvalidContent, RequestError
from fhir_coder.model import Outcome
from fhir_coder.worklist.decision import Act, Decision, Override, Recorded
from fhir_coder.worklist.folding import advance, fold
from fhir_coder.worklist.form import malformed
from fhir_coder.worklist.history import standing
from fhir_coder.worklist.review import Origin, Review, State, Verdict
from tests.worklist.history import ANNA, BERT, OTHER_WORDS, PROPOSED, START, WORDS, history, played, recorded


def accept(code: str) -> Decision:
    return Decision(Act.ACCEPT, code)


def reject(code: str) -> Decision:
    return Decision(Act.REJECT, code, reason="not-documented")


def swap(code: str, instead: str) -> Decision:
    return Decision(Act.REPLACE, code, instead=instead, reason="more-specific")


def add(code: str, position: int = 0) -> Decision:
    return Decision(Act.ADD, code, position=position, reason="missed")


def restore(code: str) -> Decision:
    return Decision(Act.RESTORE, code)


def move(code: str, position: int) -> Decision:
    return Decision(Act.MOVE, code, position=position)


def undo(sequence: int = 0) -> Decision:
    return Decision(Act.UNDO, undoes=sequence)


SIGN = Decision(Act.SIGN_OFF)
REOPEN = Decision(Act.REOPEN, reason="addendum")
HOLD = Decision(Act.HOLD, reason="note-incomplete")
ASK = Decision(Act.ASK, "E11.9", text="Which complication?", finding="FCE803 E11.9")
COMMENT = Decision(Act.COMMENT, text="See the letter.")


def in_order(review: Review) -> list[str]:
    return [one.code for one in review.codes]


@pytest.mark.parametrize(
    ("decisions", "codes", "rejected"),
    [
        ([], ["I10", "E11.9", "R05.9"], ["R50.9"]),
        ([accept("I10")], ["I10", "E11.9", "R05.9"], ["R50.9"]),
        ([reject("I10")], ["E11.9", "R05.9"], ["R50.9", "I10"]),
        ([swap("E11.9", "E11.22")], ["I10", "E11.22", "R05.9"], ["R50.9", "E11.9"]),
        ([swap("E11.9", "R50.9")], ["I10", "R50.9", "R05.9"], ["E11.9"]),
        ([swap("E11.9", "E11.22"), swap("E11.22", "E11.9")], ["I10", "E11.9", "R05.9"], ["R50.9", "E11.22"]),
        ([add("N18.31")], ["I10", "E11.9", "R05.9", "N18.31"], ["R50.9"]),
        ([add("N18.31", 2)], ["I10", "N18.31", "E11.9", "R05.9"], ["R50.9"]),
        ([restore("R50.9")], ["I10", "E11.9", "R05.9", "R50.9"], []),
        ([reject("I10"), restore("I10")], ["I10", "E11.9", "R05.9"], ["R50.9"]),
        ([move("R05.9", 1)], ["R05.9", "I10", "E11.9"], ["R50.9"]),
        ([move("I10", 2)], ["E11.9", "I10", "R05.9"], ["R50.9"]),
        ([move("I10", 99)], ["E11.9", "R05.9", "I10"], ["R50.9"]),
        ([reject("I10"), undo()], ["I10", "E11.9", "R05.9"], ["R50.9"]),
        ([reject("I10"), reject("R05.9"), undo(1)], ["I10", "E11.9"], ["R50.9", "R05.9"]),
        ([reject("I10"), undo(), undo(2)], ["E11.9", "R05.9"], ["R50.9", "I10"]),
        ([reject("I10"), accept("E11.9"), undo(), undo()], ["I10", "E11.9", "R05.9"], ["R50.9"]),
    ],
)
def test_an_act_changes_the_codes_in_claim_order(decisions: list[Decision], codes: list[str], rejected: list[str]) -> None:
    review = played(*decisions)
    assert (in_order(review), [one.code for one in review.rejected]) == (codes, rejected)
    assert review.version == len(decisions)


def test_a_replacement_keeps_place_words_and_lines_and_says_what_stood_there_first() -> None:
    review = played(Decision(Act.LINK, "E11.9", lines=(2, 1)), swap("E11.9", "E11.22"), swap("E11.22", "E11.21"))
    code = review.codes[1]
    assert (code.code, code.replaces, code.origin, code.probability) == ("E11.21", "E11.9", Origin.REPLACED, None)
    assert (code.spans, code.lines, code.verdict) == ((OTHER_WORDS,), (1, 2), Verdict.ACCEPTED)
    assert [(one.code, one.reason, one.by, one.position) for one in review.rejected[1:]] == [
        ("E11.9", "more-specific", ANNA, 2),
        ("E11.22", "more-specific", ANNA, 2),
    ]
    back = played(swap("E11.9", "E11.22"), swap("E11.22", "E11.9")).codes[1]
    assert (back.origin, back.replaces, back.probability) == (Origin.PROPOSED, "", 0.6)
    assert played(Decision(Act.REPLACE, "E11.9", instead="E11.22")).rejected[-1].reason == "replaced"


@pytest.mark.parametrize("back", [restore("E11.9"), add("E11.9"), swap("R05.9", "E11.9")], ids=["restored", "added", "swapped"])
def test_a_code_replaces_none_that_stands_again_beside_it(back: Decision) -> None:
    code = played(swap("E11.9", "E11.22"), back).find("E11.22")
    assert code and (code.replaces, code.origin) == ("", Origin.ADDED)
    late = played(swap("E11.9", "E11.22"), reject("E11.22"), back, restore("E11.22")).find("E11.22")
    assert late and (late.replaces, late.origin) == ("", Origin.ADDED)
    undone = played(swap("E11.9", "E11.22"), back, undo()).find("E11.22")
    assert undone and (undone.replaces, undone.origin) == ("E11.9", Origin.REPLACED)


def test_what_the_engine_turned_down_comes_back_with_its_probability_and_words() -> None:
    for decision in (restore("R50.9"), add("R50.9"), Decision(Act.REPLACE, "R05.9", instead="R50.9")):
        code = played(decision).find("R50.9")
        assert code and (code.origin, code.probability, code.spans, code.verdict) == (
            Origin.RESTORED,
            0.2,
            (OTHER_WORDS,),
            Verdict.ACCEPTED,
        )
    back = played(reject("I10"), restore("I10")).codes[0]
    assert (back.origin, back.verdict, back.probability) == (Origin.PROPOSED, Verdict.OPEN, 0.95)


def test_words_are_added_once_and_lines_take_the_place_of_lines() -> None:
    review = played(
        Decision(Act.EVIDENCE, "I10", spans=(OTHER_WORDS, WORDS)),
        Decision(Act.LINK, "I10", lines=(3,)),
        Decision(Act.LINK, "I10", lines=(2, 1)),
    )
    assert (review.codes[0].spans, review.codes[0].lines) == ((WORDS, OTHER_WORDS), (1, 2))
    assert played(Decision(Act.ADD, "N18.31", spans=(WORDS,))).codes[-1].spans == (WORDS,)


def test_a_question_holds_the_review_until_it_is_released() -> None:
    asked = played(COMMENT, ASK)
    assert (asked.state, asked.hold_reason) == (State.HELD, "query-open")
    assert [(one.sequence, one.code, one.finding, one.by) for one in asked.questions] == [(2, "E11.9", "FCE803 E11.9", ANNA)]
    assert [one.text for one in asked.comments] == ["See the letter."]
    assert played(ASK, ASK, Decision(Act.RELEASE)).state is State.WAITING
    assert played(HOLD, ASK).hold_reason == "note-incomplete"
    assert played(ASK, undo()).state is State.WAITING


def test_a_signature_is_taken_back_by_reopening_only() -> None:
    override = Override("FCE301 I10", "other", "Both sides were seen.")
    done = history(reject("R05.9"), replace(SIGN, overrides=(override,)))
    signed = fold(PROPOSED, done)
    assert (signed.state, signed.signed_by, signed.signed_at, signed.overrides) == (
        State.SIGNED,
        ANNA,
        START + timedelta(minutes=2),
        (override,),
    )
    assert (signed.undoable, signed.redoable) == ((), ())
    again = played(reject("R05.9"), SIGN, REOPEN)
    assert (again.state, again.signed_by, again.signed_at, again.times_signed, again.undoable) == (State.WAITING, None, None, 1, ())
    assert played(SIGN, REOPEN, reject("I10"), SIGN).times_signed == 2


def test_what_passed_waits_for_nobody_until_it_is_reopened() -> None:
    passed = replace(PROPOSED, outcome=Outcome.PASS)
    assert fold(passed, ()).state is State.PASSED
    assert played(REOPEN, accept("I10"), proposed=passed).state is State.WAITING
    with pytest.raises(Conflict, match="passed"):
        played(accept("I10"), proposed=passed)


def test_assignment_is_work_on_the_review_and_not_on_its_codes() -> None:
    assigned = played(Decision(Act.ASSIGN, to=BERT), COMMENT, HOLD)
    assert (assigned.assigned, assigned.is_touched) == (BERT, False)
    assert played(Decision(Act.ASSIGN, to=BERT), Decision(Act.ASSIGN)).assigned is None
    assert played(accept("I10")).is_touched and not played(accept("I10"), undo()).is_touched


def test_what_a_later_decision_builds_on_cannot_be_taken_back() -> None:
    done = history(add("N18.31"), accept("E11.9"), Decision(Act.MOVE, "N18.31", position=1))
    with pytest.raises(Conflict, match="decision 3 builds on it"):
        advance(PROPOSED, done, recorded(undo(1), 4))
    assert advance(PROPOSED, done, recorded(undo(2), 4)).find("E11.9").verdict is Verdict.OPEN  # type: ignore[union-attr]


def test_history_that_no_longer_fits_is_left_out_and_named() -> None:
    review = fold(PROPOSED, history(accept("Z99.9"), accept("I10")))
    assert (review.idle, review.codes[0].verdict) == ((1,), Verdict.ACCEPTED)


def test_history_stands_where_its_words_were_dropped_and_where_its_reason_is_known_no_longer() -> None:
    review = fold(
        PROPOSED,
        history(Decision(Act.REJECT, "I10", reason="other"), Decision(Act.REJECT, "E11.9", reason="of-old"), Decision(Act.COMMENT)),
    )
    assert (review.idle, in_order(review)) == ((), ["R05.9"])


# ------------------------------------------------------------------------------------------------ what holds for every history

CODES = st.sampled_from(["I10", "E11.9", "R05.9", "R50.9", "N18.31", "E11.22"])
NUMBERS = st.integers(0, 8)
ANY = st.one_of(
    st.builds(accept, CODES),
    st.builds(reject, CODES),
    st.builds(swap, CODES, CODES),
    st.builds(add, CODES, NUMBERS),
    st.builds(restore, CODES),
    st.builds(move, CODES, NUMBERS),
    st.builds(lambda code: Decision(Act.EVIDENCE, code, spans=(WORDS,)), CODES),
    st.builds(lambda code, line: Decision(Act.LINK, code, lines=(line,)), CODES, NUMBERS),
    st.builds(undo, NUMBERS),
    st.sampled_from([SIGN, REOPEN, HOLD, ASK, COMMENT, Decision(Act.RELEASE), Decision(Act.ASSIGN, to=BERT), undo(), undo()]),
)
EVERY = settings(max_examples=150, deadline=None)


def admitted(decisions: list[Decision]) -> tuple[Recorded, ...]:
    """The history of those that are admitted in turn."""
    done: tuple[Recorded, ...] = ()
    for one in decisions:
        new = recorded(one, len(done) + 1)
        try:
            advance(PROPOSED, done, new)
        except RequestError:
            continue
        done = (*done, new)
    return done


def without_numbers(review: Review) -> Review:
    return replace(review, version=0, undoable=(), redoable=())


@EVERY
@given(st.lists(ANY, max_size=16))
def test_codes_stand_once_or_are_rejected_once(decisions: list[Decision]) -> None:
    done = admitted(decisions)
    for length in range(len(done) + 1):
        review = fold(PROPOSED, done[:length])
        codes = [one.code for one in (*review.codes, *review.rejected)]
        assert len(codes) == len(set(codes))
        assert [review.position(one.code) for one in review.codes] == list(range(1, len(review.codes) + 1))
        assert review.idle == () and review.version == length


@EVERY
@given(st.lists(ANY, max_size=16))
def test_a_history_tells_one_state(decisions: list[Decision]) -> None:
    done = admitted(decisions)
    assert fold(PROPOSED, done) == fold(PROPOSED, list(done))
    assert {one.sequence for one in standing(done).decisions} <= set(range(1, len(done) + 1))


@EVERY
@given(st.lists(ANY, max_size=16))
def test_what_was_proposed_is_never_lost(decisions: list[Decision]) -> None:
    review = fold(PROPOSED, admitted(decisions))
    assert {"I10", "E11.9", "R05.9", "R50.9"} <= {one.code for one in (*review.codes, *review.rejected)}


@EVERY
@given(st.lists(ANY, max_size=16), ANY)
def test_taking_back_the_last_is_as_if_it_had_not_been(decisions: list[Decision], last: Decision) -> None:
    before = admitted(decisions)
    done = admitted([*[one.decision for one in before], last])
    if len(done) == len(before) or last.act in {Act.SIGN_OFF, Act.REOPEN, Act.UNDO} or fold(PROPOSED, done).state is State.SIGNED:
        return
    number = len(done) + 1
    for one in (undo(), undo(len(done))):
        taken_back = advance(PROPOSED, done, recorded(one, number))
        assert without_numbers(taken_back) == without_numbers(fold(PROPOSED, before))
        again = advance(PROPOSED, (*done, recorded(one, number)), recorded(undo(number), number + 1))
        assert without_numbers(again) == without_numbers(fold(PROPOSED, done))


@EVERY
@given(st.lists(ANY, max_size=10), ANY)
def test_what_is_signed_takes_a_comment_or_a_reopening(decisions: list[Decision], new: Decision) -> None:
    done = admitted(decisions)
    if fold(PROPOSED, done).state is not State.SIGNED:
        done = admitted([*(one.decision for one in done), Decision(Act.RELEASE), SIGN])
    assert fold(PROPOSED, done).state is State.SIGNED
    if new.act in {Act.COMMENT, Act.REOPEN}:
        advance(PROPOSED, done, recorded(new, len(done) + 1))
    else:
        with pytest.raises(InvalidContent if malformed(new) else Conflict):
            advance(PROPOSED, done, recorded(new, len(done) + 1))


def test_a_code_on_no_line_is_another_thing_than_one_that_nobody_linked() -> None:
    assert [one.lines for one in played(Decision(Act.LINK, "I10", lines=(1,)), Decision(Act.LINK, "I10")).codes] == [(), None, None]
    assert played(Decision(Act.LINK, "I10"), undo()).codes[0].lines is None
