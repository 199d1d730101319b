"""Whether a decision can be made on a review as it stands. Who may make it is asked elsewhere (:class:`fhir_coder.people.Right`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from fhir_coder.errors import Conflict, InvalidContent, RequestError
from fhir_coder.worklist.decision import Act, Decision, Span
from fhir_coder.worklist.reasons import OVERRIDE, reason_fault
from fhir_coder.worklist.review import Review, State, Verdict

LONGEST_TEXT = 4000
"""Characters of a comment, a question or a reason in words."""
LONGEST_REASON, LONGEST_NAME, LONGEST_ID = 32, 255, 64
"""Characters of a reason; of the name of a finding and the id of a person; of the id of a note."""
MOST = 50
"""Spans, lines and overrides that one decision may bring."""
_LAST = 2**31 - 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")
"""The form of ICD-10-CM. Whether there is such a code, and whether it can be billed, only a release can say: the caller asks one."""
_OPEN_TO_CLOSED = {State.SIGNED: frozenset({Act.REOPEN, Act.COMMENT}), State.PASSED: frozenset({Act.REOPEN, Act.COMMENT})}
"""What a review admits that nobody is working on any more."""

Check = Callable[[Review, Decision], RequestError | None]


def admit(review: Review, decision: Decision, blocking: Collection[str] = ()) -> None:
    """Raises InvalidContent for a decision that is malformed, and Conflict for one that the review as it stands does not allow.

    ``blocking`` names the findings (:func:`fhir_coder.worklist.decision.finding_name`) that block now: a sign-off overrides each or is refused."""
    refused = refusal(review, decision) or (_findings(decision, blocking) if decision.act is Act.SIGN_OFF else None)
    if refused:
        raise refused


def refusal(review: Review, decision: Decision) -> RequestError | None:
    """Why a decision does not fit a review, whatever the findings say; None where it fits."""
    if review.state in _OPEN_TO_CLOSED and decision.act not in _OPEN_TO_CLOSED[review.state]:
        return Conflict(f"the review is {review.state}: reopen it to change it")
    return _form(decision) or _CHECKS[decision.act](review, decision)


def _form(decision: Decision) -> RequestError | None:
    """What holds for every decision, and that the store can keep it."""
    fitting = {
        f"texts of at most {LONGEST_TEXT} characters": _longest(decision.text, *(one.text for one in decision.overrides)) <= LONGEST_TEXT,
        "ICD-10-CM codes with the dot": all(not code or _CODE.fullmatch(code) for code in (decision.code, decision.instead)),
        f"at most {MOST} spans, each of one character or more": len(decision.spans) <= MOST and all(map(_is_span, decision.spans)),
        f"positions from 1, at most {MOST} lines and overrides": decision.position >= 0
        and max(len(decision.lines), len(decision.overrides)) <= MOST,
        "numbers of lines from 1, each once": all(line > 0 for line in decision.lines) and len(set(decision.lines)) == len(decision.lines),
        "reasons, findings and people by name": _longest(decision.reason, *(one.reason for one in decision.overrides)) <= LONGEST_REASON
        and _longest(decision.finding, *(one.finding for one in decision.overrides), *_ids(decision)) <= LONGEST_NAME,
    }
    return next((InvalidContent(f"expected {what}") for what, is_so in fitting.items() if not is_so), None)


def _longest(*texts: str) -> int:
    return max(len(one) for one in texts)


def _ids(decision: Decision) -> tuple[str, ...]:
    return (decision.to.id, decision.to.issuer) if decision.to else ()


def _is_span(span: Span) -> bool:
    return 0 <= span.start < span.end <= _LAST and 0 < len(span.note_id) <= LONGEST_ID and bool(_SHA256.fullmatch(span.sha256))


def _stands(review: Review, decision: Decision) -> RequestError | None:
    return None if review.position(decision.code) else Conflict("the code does not stand in this review, or no longer")


def _is_new(review: Review, code: str) -> RequestError | None:
    if not code:
        return InvalidContent("expected the code that comes")
    return Conflict(f"{code} stands in this review already") if review.position(code) else None


def _reason(act: str, reason: str, text: str) -> RequestError | None:
    fault = reason_fault(act, reason, text)
    return InvalidContent(fault) if fault else None


def _accept(review: Review, decision: Decision) -> RequestError | None:
    found = review.find(decision.code)
    return Conflict("the code is accepted already") if found and found.verdict is Verdict.ACCEPTED else _stands(review, decision)


def _reject(review: Review, decision: Decision) -> RequestError | None:
    return _stands(review, decision) or _reason(Act.REJECT, decision.reason, decision.text)


def _replace(review: Review, decision: Decision) -> RequestError | None:
    given = decision.reason and _reason(Act.REPLACE, decision.reason, decision.text)
    return _stands(review, decision) or _is_new(review, decision.instead) or given or None


def _add(review: Review, decision: Decision) -> RequestError | None:
    """Words of a note speak for themselves; without them a reason is needed, and one that is given must be known."""
    is_known = not decision.reason and bool(decision.spans)
    return _is_new(review, decision.code) or (None if is_known else _reason(Act.ADD, decision.reason, decision.text))


def _restore(review: Review, decision: Decision) -> RequestError | None:
    return None if review.turned_down(decision.code) else Conflict("the code is not among the rejected ones, or no longer")


def _move(review: Review, decision: Decision) -> RequestError | None:
    return _stands(review, decision) or (None if decision.position else InvalidContent("expected the new position, from 1"))


def _evidence(review: Review, decision: Decision) -> RequestError | None:
    return _stands(review, decision) or (None if decision.spans else InvalidContent("expected the words of a note"))


def _said(review: Review, decision: Decision) -> RequestError | None:
    return None if decision.text.strip() else InvalidContent(f"expected the text of the {decision.act}")


def _hold(review: Review, decision: Decision) -> RequestError | None:
    if review.state is State.HELD:
        return Conflict("the review is held already: release it first")
    return _reason(Act.HOLD, decision.reason, decision.text)


def _release(review: Review, decision: Decision) -> RequestError | None:
    return None if review.state is State.HELD else Conflict("the review is not held")


def _assign(review: Review, decision: Decision) -> RequestError | None:
    return None if decision.to is None or decision.to.id else InvalidContent("expected the person by id")


def _undo(review: Review, decision: Decision) -> RequestError | None:
    if not decision.undoes:
        return None if review.undoable else Conflict("there is nothing to take back")
    if decision.undoes in {*review.undoable, *review.redoable}:
        return None
    return Conflict("that decision cannot be taken back: it was already, it was signed off since, or it is a sign-off (reopen it)")


def _sign_off(review: Review, decision: Decision) -> RequestError | None:
    if review.state is State.HELD:
        return Conflict("the review is held: release it before you sign it off")
    return next((fault for one in decision.overrides if (fault := _reason(OVERRIDE, one.reason, one.text))), None)


def _reopen(review: Review, decision: Decision) -> RequestError | None:
    if review.state not in _OPEN_TO_CLOSED:
        return Conflict("the review is open already")
    return _reason(Act.REOPEN, decision.reason, decision.text)


def _findings(decision: Decision, blocking: Collection[str]) -> RequestError | None:
    """Every blocking finding is overridden, and nothing else is."""
    overridden = {one.finding for one in decision.overrides}
    if left := sorted(set(blocking) - overridden):
        return Conflict(f"findings block the sign-off: {', '.join(left)}")
    return Conflict("a finding is overridden that does not block, or no longer") if overridden - set(blocking) else None


_CHECKS: Mapping[Act, Check] = {
    Act.ACCEPT: _accept,
    Act.REJECT: _reject,
    Act.REPLACE: _replace,
    Act.ADD: _add,
    Act.RESTORE: _restore,
    Act.MOVE: _move,
    Act.EVIDENCE: _evidence,
    Act.LINK: _stands,
    Act.COMMENT: _said,
    Act.ASK: _said,
    Act.HOLD: _hold,
    Act.RELEASE: _release,
    Act.ASSIGN: _assign,
    Act.UNDO: _undo,
    Act.SIGN_OFF: _sign_off,
    Act.REOPEN: _reopen,
}
