"""What the software decides on a review when what was coded is withdrawn at the EHR: nobody signs it, and nothing of it leaves, before a person has looked."""

from __future__ import annotations

from fhir_coder.worklist.admission import CLOSED
from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.reasons import SOURCE_WITHDRAWN
from fhir_coder.worklist.review import Review, State


def on_withdrawal(review: Review, text: str) -> tuple[Decision, ...]:
    """``text`` says what happened. Nothing for a review that is held for this already; one that is held for another reason says this one, which is graver."""
    if review.state is State.HELD and review.hold_reason == SOURCE_WITHDRAWN:
        return ()
    hold = Decision(Act.HOLD, reason=SOURCE_WITHDRAWN, text=text)
    if review.state in CLOSED:
        return Decision(Act.REOPEN, reason=SOURCE_WITHDRAWN, text=text), hold
    return (Decision(Act.RELEASE), hold) if review.state is State.HELD else (hold,)
