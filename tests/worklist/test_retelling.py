"""A history told step by step says at each place what the fold of everything up to there says."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_coder.errors import Conflict, InvalidContent
from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.folding import advance, fold
from fhir_coder.worklist.retelling import retell
from fhir_coder.worklist.review import Review, State
from tests.worklist.history import PROPOSED, WORDS, history, recorded

MOVES = (
    Decision(Act.ACCEPT, "I10"),
    Decision(Act.REJECT, "R05.9", reason="negated"),
    Decision(Act.REPLACE, "E11.9", instead="E11.22", reason="more-specific"),
    Decision(Act.ADD, "J45.909", spans=(WORDS,), position=1),
    Decision(Act.RESTORE, "R50.9"),
    Decision(Act.MOVE, "I10", position=3),
    Decision(Act.HOLD, reason="note-incomplete"),
    Decision(Act.RELEASE),
    Decision(Act.UNDO),
    Decision(Act.UNDO, undoes=2),
    Decision(Act.SIGN_OFF),
    Decision(Act.REOPEN, reason="addendum"),
)


def plain(review: Review) -> Review:
    """Without what steps do not tell."""
    return replace(review, version=0, undoable=(), redoable=())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(MOVES), max_size=14))
def test_each_step_is_the_fold_of_what_came_before(drawn: list[Decision]) -> None:
    made = ()
    for one in drawn:
        new = recorded(one, len(made) + 1)
        try:
            advance(PROPOSED, made, new)
        except (Conflict, InvalidContent):
            continue
        made = (*made, new)
    steps = retell(PROPOSED, made)
    assert [one.recorded for one in steps] == list(made)
    for place, step in enumerate(steps):
        assert plain(step.before) == plain(fold(PROPOSED, made[:place]))
        assert plain(step.after) == plain(fold(PROPOSED, made[: place + 1]))


def test_before_and_after_are_told_with_what_was_taken_back() -> None:
    steps = retell(PROPOSED, history(*MOVES[1:4], Decision(Act.UNDO, undoes=1), Decision(Act.UNDO, undoes=4), Decision(Act.SIGN_OFF)))
    assert [one.changes_codes for one in steps] == [True, True, True, True, True, False]
    assert (steps[0].codes_before, steps[0].codes_after) == (("I10", "E11.9", "R05.9"), ("I10", "E11.9"))
    assert steps[2].codes_after == ("J45.909", "I10", "E11.22")
    assert (steps[3].left_out, steps[3].back_in, steps[4].back_in) == ((1,), (), (1,))
    assert steps[3].codes_after == ("J45.909", "I10", "E11.22", "R05.9") and steps[0].stands
    assert steps[5].after.state is State.SIGNED
    assert not retell(PROPOSED, history(MOVES[1], Decision(Act.UNDO)))[0].stands
