"""Whether a decision can be made on a review as it stands. Who may make it is asked elsewhere (:class:`fhir_coder.people.Right`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from fhir_coder.errors import Conflict
from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.form import malformed
from fhir_coder.worklist.review import Review, State, Verdict

CLOSED = frozenset({State.SIGNED, State.PASSED})
"""Where nobody is working on a review any more."""
_ON_CLOSED = frozenset({Act.REOPEN, Act.COMMENT})


def admit(review: Review, decision: Decision, blocking: Collection[str] = ()) -> None:
    """Raises InvalidContent for a decision that is malformed, and Conflict for one that the review as it stands does not allow.

    ``blocking`` names the findings (:func:`fhir_coder.worklist.decision.finding_name`) that block now: a sign-off overrides each or is refused."""
    wrong = malformed(decision)
    if wrong:
        raise wrong
    refused = refusal(review, decision) or (_findings(decision, blocking) if decision.act is Act.SIGN_OFF else "")
    if refused:
        raise Conflict(refused)


def refusal(review: Review, decision: Decision) -> str:
    """Why a decision does not fit a review, whatever the findings say; empty where it fits."""
    if review.state in CLOSED and decision.act not in _ON_CLOSED:
        return f"the review is {review.state}: reopen it to change it"
    return _CHECKS[decision.act](review, decision) if decision.act in _CHECKS else ""


def _stands(review: Review, decision: Decision) -> str:
    return "" if review.position(decision.code) else "the code does not stand in this review, or no longer"


def _is_new(review: Review, code: str) -> str:
    return f"{code} stands in this review already" if review.position(code) else ""


def _accept(review: Review, decision: Decision) -> str:
    found = review.find(decision.code)
    return "the code is accepted already" if found and found.verdict is Verdict.ACCEPTED else _stands(review, decision)


def _replace(review: Review, decision: Decision) -> str:
    return _stands(review, decision) or _is_new(review, decision.instead)


def _add(review: Review, decision: Decision) -> str:
    return _is_new(review, decision.code)


def _restore(review: Review, decision: Decision) -> str:
    return "" if review.turned_down(decision.code) else "the code is not among the rejected ones, or no longer"


def _hold(review: Review, decision: Decision) -> str:
    return "the review is held already: release it first" if review.state is State.HELD else ""


def _release(review: Review, decision: Decision) -> str:
    return "" if review.state is State.HELD else "the review is not held"


def _undo(review: Review, decision: Decision) -> str:
    if not decision.undoes:
        return "" if review.undoable else "there is nothing to take back"
    if decision.undoes in {*review.undoable, *review.redoable}:
        return ""
    return "that decision cannot be taken back: it was already, it was signed off since, or it is a sign-off (reopen it)"


def _sign_off(review: Review, decision: Decision) -> str:
    return "the review is held: release it before you sign it off" if review.state is State.HELD else ""


def _reopen(review: Review, decision: Decision) -> str:
    return "" if review.state in CLOSED else "the review is open already"


def _findings(decision: Decision, blocking: Collection[str]) -> str:
    """Every blocking finding is overridden, and nothing else is."""
    overridden = {one.finding for one in decision.overrides}
    if left := sorted(set(blocking) - overridden):
        return f"findings block the sign-off: {', '.join(left)}"
    return "a finding is overridden that does not block, or no longer" if overridden - set(blocking) else ""


_CHECKS: Mapping[Act, Callable[[Review, Decision], str]] = {
    Act.ACCEPT: _accept,
    Act.REJECT: _stands,
    Act.REPLACE: _replace,
    Act.ADD: _add,
    Act.RESTORE: _restore,
    Act.MOVE: _stands,
    Act.EVIDENCE: _stands,
    Act.LINK: _stands,
    Act.HOLD: _hold,
    Act.RELEASE: _release,
    Act.UNDO: _undo,
    Act.SIGN_OFF: _sign_off,
    Act.REOPEN: _reopen,
}
