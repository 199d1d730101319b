"""What the page says after a decision, for people who hear it: one sentence each."""

from __future__ import annotations

from fhir_coder.worklist.decision import Act, Decision

_SENTENCES = {
    Act.ACCEPT: "{code} accepted.",
    Act.REJECT: "{code} rejected.",
    Act.REPLACE: "{instead} in the place of {code}.",
    Act.ADD: "{code} added.",
    Act.RESTORE: "{code} restored.",
    Act.MOVE: "{code} moved to place {position}.",
    Act.EVIDENCE: "Words added to {code}.",
    Act.LINK: "Service lines of {code} changed.",
    Act.COMMENT: "Comment added.",
    Act.ASK: "Question added; the review is held.",
    Act.HOLD: "The review is held.",
    Act.RELEASE: "The review goes on.",
    Act.ASSIGN: "Assigned.",
    Act.UNDO: "Taken back.",
    Act.SIGN_OFF: "Signed off.",
    Act.REOPEN: "Reopened.",
}


def said_of(decision: Decision) -> str:
    """The sentence for a decision that was kept."""
    return _SENTENCES[decision.act].format(code=decision.code, instead=decision.instead, position=decision.position)
