"""What follows from a proposal and the decisions on it: a pure fold over the history, one small step for each act."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from fhir_coder.errors import Conflict
from fhir_coder.model import Outcome
from fhir_coder.worklist.admission import CLOSED, admit, refusal
from fhir_coder.worklist.decision import Act, Recorded
from fhir_coder.worklist.history import standing
from fhir_coder.worklist.reasons import QUERY_OPEN
from fhir_coder.worklist.review import Origin, Proposed, RejectedCode, Remark, Review, ReviewedCode, State, Verdict

REPLACED = "replaced"
"""Why a code does not stand that another took the place of, where no other reason was given."""
ON_CODES = frozenset({Act.ACCEPT, Act.REJECT, Act.REPLACE, Act.ADD, Act.RESTORE, Act.MOVE, Act.EVIDENCE, Act.LINK})
"""Acts after which a review is touched: a person's work on codes would be lost with it."""

Step = Callable[[Review, Recorded], Review]


def fold(proposed: Proposed, recorded: Sequence[Recorded]) -> Review:
    """The review after a history (in order of sequence)."""
    return _folded(beginning(proposed), recorded)


def _folded(review: Review, recorded: Sequence[Recorded]) -> Review:
    stands = standing(recorded)
    for one in stands.decisions:
        review = after(review, one)
    version = recorded[-1].sequence if recorded else 0
    is_open = review.state not in CLOSED
    return replace(review, version=version, undoable=stands.undoable * is_open, redoable=stands.redoable * is_open)


def advance(proposed: Proposed, recorded: Sequence[Recorded], new: Recorded, blocking: Collection[str] = ()) -> Review:
    """The review after one more decision. Raises as :func:`fhir_coder.worklist.admission.admit`, and Conflict for taking back what a later
    decision builds on."""
    begun = beginning(proposed)
    admit(_folded(begun, recorded), new.decision, blocking)
    review = _folded(begun, (*recorded, new))
    if review.idle:
        raise Conflict(f"decision {review.idle[0]} builds on it: take that one back first")
    return review


def beginning(proposed: Proposed) -> Review:
    """Each code once: the first of its kind counts, and what is proposed is not rejected too."""
    codes = {
        one.code: ReviewedCode(one.code, one.display, Origin.PROPOSED, "", one.probability, Verdict.OPEN, one.spans)
        for one in proposed.codes
    }
    rejected: dict[str, RejectedCode] = {}
    for one in proposed.rejected:
        was = ReviewedCode(one.code, one.display, Origin.RESTORED, "", one.probability, Verdict.OPEN, one.spans)
        if one.code not in codes:
            rejected.setdefault(one.code, RejectedCode(was, one.reason))
    state = State.PASSED if proposed.outcome is Outcome.PASS else State.WAITING
    return Review(proposed.coding_id, 0, state, tuple(codes.values()), tuple(rejected.values()))


def after(review: Review, recorded: Recorded) -> Review:
    """The review after one decision more that is no undo, what can be taken back apart; one that finds nothing to act on is idle."""
    if refusal(review, recorded.decision):
        return replace(review, idle=(*review.idle, recorded.sequence))
    stepped = _STEPS[recorded.decision.act](review, recorded)
    return replace(stepped, is_touched=True) if recorded.decision.act in ON_CODES else stepped


# ------------------------------------------------------------------------------------------------------------- steps on codes


def _changed(review: Review, code: str, change: Callable[[ReviewedCode], ReviewedCode]) -> Review:
    return replace(review, codes=tuple(change(one) if one.code == code else one for one in review.codes))


def _without(review: Review, code: str) -> Review:
    return replace(
        review,
        codes=tuple(one for one in review.codes if one.code != code),
        rejected=tuple(one for one in review.rejected if one.code != code),
    )


def _placed(review: Review, code: ReviewedCode, position: int) -> Review:
    """The code at a position; 0 and what lies beyond the last mean the end. No code replaces one that stands (again) beside it."""
    place = min(position, len(review.codes) + 1) - 1 if position else len(review.codes)
    codes = (*review.codes[:place], code, *review.codes[place:])
    standing_codes = {one.code for one in codes}
    return replace(review, codes=tuple(_replacing_none(one) if one.replaces in standing_codes else one for one in codes))


def _replacing_none(code: ReviewedCode) -> ReviewedCode:
    return replace(code, replaces="", origin=Origin.ADDED if code.origin is Origin.REPLACED else code.origin)


def _out(review: Review, recorded: Recorded, reason: str) -> Review:
    """The code of the decision no longer stands."""
    decision = recorded.decision
    rejected = RejectedCode(_of(review, decision.code), reason, recorded.by, decision.text, review.position(decision.code))
    after = _without(review, decision.code)
    return replace(after, rejected=(*after.rejected, rejected))


def _of(review: Review, code: str) -> ReviewedCode:
    """A code that is known to stand."""
    return review.codes[review.position(code) - 1]


def _entering(review: Review, code: str, origin: Origin) -> ReviewedCode:
    """A code that a person chose: as it was where it was known, with the origin it had then."""
    known = review.turned_down(code)
    return replace(known.was, verdict=Verdict.ACCEPTED) if known else ReviewedCode(code, "", origin, verdict=Verdict.ACCEPTED)


def _accept(review: Review, recorded: Recorded) -> Review:
    return _changed(review, recorded.decision.code, lambda one: replace(one, verdict=Verdict.ACCEPTED))


def _reject(review: Review, recorded: Recorded) -> Review:
    return _out(review, recorded, recorded.decision.reason)


def _replace(review: Review, recorded: Recorded) -> Review:
    """The words and lines of the code that goes are those of the one that comes, unless it brings words of its own."""
    decision, old = recorded.decision, _of(review, recorded.decision.code)
    new = _entering(review, decision.instead, Origin.REPLACED)
    first = old.replaces or old.code
    new = replace(new, replaces=first if first != new.code else "", spans=decision.spans or new.spans or old.spans, lines=old.lines)
    after = _without(_out(review, recorded, decision.reason or REPLACED), new.code)
    return _placed(after, new, review.position(old.code))


def _add(review: Review, recorded: Recorded) -> Review:
    decision = recorded.decision
    new = _entering(review, decision.code, Origin.ADDED)
    new = replace(new, spans=decision.spans or new.spans, lines=decision.lines or new.lines)
    return _placed(_without(review, decision.code), new, decision.position)


def _restore(review: Review, recorded: Recorded) -> Review:
    """What a person took out comes back as it was; what the engine turned down is chosen by this."""
    decision = recorded.decision
    known = next(one for one in review.rejected if one.code == decision.code)
    back = known.was if known.by else replace(known.was, verdict=Verdict.ACCEPTED)
    return _placed(_without(review, decision.code), back, decision.position or known.position)


def _move(review: Review, recorded: Recorded) -> Review:
    code = _of(review, recorded.decision.code)
    return _placed(replace(review, codes=tuple(one for one in review.codes if one is not code)), code, recorded.decision.position)


def _evidence(review: Review, recorded: Recorded) -> Review:
    spans = recorded.decision.spans
    return _changed(review, recorded.decision.code, lambda one: replace(one, spans=tuple(dict.fromkeys((*one.spans, *spans)))))


def _link(review: Review, recorded: Recorded) -> Review:
    return _changed(review, recorded.decision.code, lambda one: replace(one, lines=tuple(sorted(recorded.decision.lines))))


# ------------------------------------------------------------------------------------------------------ steps on the whole


def _remark(recorded: Recorded) -> Remark:
    decision = recorded.decision
    return Remark(recorded.sequence, recorded.at, recorded.by, decision.text, decision.code, decision.finding)


def _comment(review: Review, recorded: Recorded) -> Review:
    return replace(review, comments=(*review.comments, _remark(recorded)))


def _ask(review: Review, recorded: Recorded) -> Review:
    """A question holds the review, for its own reason or the one it is held for already."""
    held = review if review.state is State.HELD else replace(review, state=State.HELD, hold_reason=QUERY_OPEN)
    return replace(held, questions=(*review.questions, _remark(recorded)))


def _hold(review: Review, recorded: Recorded) -> Review:
    return replace(review, state=State.HELD, hold_reason=recorded.decision.reason, hold_text=recorded.decision.text)


def _release(review: Review, recorded: Recorded) -> Review:
    return replace(review, state=State.WAITING, hold_reason="", hold_text="")


def _assign(review: Review, recorded: Recorded) -> Review:
    return replace(review, assigned=recorded.decision.to)


def _sign_off(review: Review, recorded: Recorded) -> Review:
    signed = replace(review, state=State.SIGNED, times_signed=review.times_signed + 1)
    return replace(signed, signed_by=recorded.by, signed_at=recorded.at, overrides=recorded.decision.overrides)


def _reopen(review: Review, recorded: Recorded) -> Review:
    return replace(review, state=State.WAITING, signed_by=None, signed_at=None, overrides=())


_STEPS: Mapping[Act, Step] = {
    Act.ACCEPT: _accept,
    Act.REJECT: _reject,
    Act.REPLACE: _replace,
    Act.ADD: _add,
    Act.RESTORE: _restore,
    Act.MOVE: _move,
    Act.EVIDENCE: _evidence,
    Act.LINK: _link,
    Act.COMMENT: _comment,
    Act.ASK: _ask,
    Act.HOLD: _hold,
    Act.RELEASE: _release,
    Act.ASSIGN: _assign,
    Act.SIGN_OFF: _sign_off,
    Act.REOPEN: _reopen,
}
