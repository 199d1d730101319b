"""Whether a decision is whole in itself: asked once, when it is made. What was kept is not asked again, as its words may have been dropped since."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fhir_coder.errors import InvalidContent
from fhir_coder.worklist.decision import Act, Decision, Span
from fhir_coder.worklist.reasons import OVERRIDE, reason_fault

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


def malformed(decision: Decision) -> InvalidContent | None:
    """What is wrong with a decision, whatever review it is for; None for a good one."""
    wrong = next((f"expected {what}" for what, is_so in _limits(decision).items() if not is_so), "") or _FORMS[decision.act](decision)
    return InvalidContent(wrong) if wrong else None


def _limits(decision: Decision) -> dict[str, bool]:
    """What holds for every decision, so that any store can keep it."""
    overrides = decision.overrides
    people = (decision.to.id, decision.to.issuer) if decision.to else ()
    return {
        f"texts of at most {LONGEST_TEXT} characters": _longest(decision.text, *(one.text for one in overrides)) <= LONGEST_TEXT,
        "ICD-10-CM codes with the dot": all(not code or _CODE.fullmatch(code) for code in (decision.code, decision.instead)),
        f"at most {MOST} spans, each of one character or more": len(decision.spans) <= MOST and all(map(_is_span, decision.spans)),
        f"at most {MOST} lines and overrides": max(len(decision.lines), len(overrides)) <= MOST,
        "positions and lines from 1, each line once": decision.position >= 0
        and all(line > 0 for line in decision.lines)
        and len(set(decision.lines)) == len(decision.lines),
        f"reasons of at most {LONGEST_REASON} characters": _longest(decision.reason, *(one.reason for one in overrides)) <= LONGEST_REASON,
        "findings and people by name": _longest(decision.finding, *(one.finding for one in overrides), *people) <= LONGEST_NAME,
    }


def _longest(*texts: str) -> int:
    return max(len(one) for one in texts)


def _is_span(span: Span) -> bool:
    return 0 <= span.start < span.end <= _LAST and 0 < len(span.note_id) <= LONGEST_ID and bool(_SHA256.fullmatch(span.sha256))


def _code(decision: Decision) -> str:
    return "" if decision.code else f"{decision.act} needs a code"


def _reason(decision: Decision) -> str:
    return reason_fault(decision.act, decision.reason, decision.text)


def _reject(decision: Decision) -> str:
    return _code(decision) or _reason(decision)


def _replace(decision: Decision) -> str:
    """A reason is welcome, and must be known where it is given."""
    missing = "" if decision.instead else "replace needs the code that comes"
    return _code(decision) or missing or (_reason(decision) if decision.reason else "")


def _add(decision: Decision) -> str:
    """Words of a note speak for themselves; without them a reason is needed."""
    return _code(decision) or ("" if decision.spans and not decision.reason else _reason(decision))


def _move(decision: Decision) -> str:
    return _code(decision) or ("" if decision.position else "move needs the new position, from 1")


def _evidence(decision: Decision) -> str:
    return _code(decision) or ("" if decision.spans else "evidence needs words of a note")


def _said(decision: Decision) -> str:
    return "" if decision.text.strip() else f"{decision.act} needs text"


def _assign(decision: Decision) -> str:
    return "" if decision.to is None or decision.to.id else "assign needs a person by id, or nobody"


def _sign_off(decision: Decision) -> str:
    return next((fault for one in decision.overrides if (fault := reason_fault(OVERRIDE, one.reason, one.text))), "")


def _nothing(decision: Decision) -> str:
    return ""


_FORMS: Mapping[Act, Callable[[Decision], str]] = {
    Act.ACCEPT: _code,
    Act.REJECT: _reject,
    Act.REPLACE: _replace,
    Act.ADD: _add,
    Act.RESTORE: _code,
    Act.MOVE: _move,
    Act.EVIDENCE: _evidence,
    Act.LINK: _code,
    Act.COMMENT: _said,
    Act.ASK: _said,
    Act.HOLD: _reason,
    Act.RELEASE: _nothing,
    Act.ASSIGN: _assign,
    Act.UNDO: _nothing,
    Act.SIGN_OFF: _sign_off,
    Act.REOPEN: _reason,
}
