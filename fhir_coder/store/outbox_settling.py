"""What a row of the outbox becomes by the answer that an attempt got."""

from __future__ import annotations

from typing import Any

from fhir_coder.billing.answer import Answer, Fate
from fhir_coder.billing.outgoing import Claimed, Persistence, State

FIRST_PAUSE_S, LONGEST_PAUSE_S = 30, 3600


def pause_s(attempts: int) -> int:
    """Seconds until the next attempt: 30, 60, 120 and so on, at most an hour."""
    return int(min(FIRST_PAUSE_S * 2 ** min(attempts - 1, 20), LONGEST_PAUSE_S))


def settled(claimed: Claimed, answer: Answer, persistence: Persistence, has_later: bool, now_s: int) -> dict[str, Any]:
    """The columns that change. A message that nobody took is forgotten: the next attempt makes it anew, from what billing has by then."""
    values: dict[str, Any] = {"acknowledgement": answer.code, "detail": answer.detail}
    may_go_again = claimed.outgoing.attempts < persistence.attempts and not has_later
    again = {"state": State.WAITING, "next_attempt_s": now_s + pause_s(claimed.outgoing.attempts)}
    match answer.fate:
        case Fate.TAKEN:
            return values | {"state": State.ACKNOWLEDGED, "sent_s": now_s, "acknowledged_s": now_s}
        case Fate.WRITTEN:
            return values | {"state": State.SENT, "sent_s": now_s}
        case Fate.REFUSED:
            refused = State.SENT if claimed.is_again else State.REJECTED  # refused as a duplicate, it may be there from before
            return values | {"state": refused, "sent_s": now_s} | ({} if claimed.is_again else {"acknowledged_s": now_s, "message": None})
        case Fate.UNANSWERED:
            return values | {"sent_s": now_s} | (again if may_go_again and persistence.resend_unanswered else {"state": State.SENT})
        case Fate.NOT_TAKEN:
            if may_go_again:
                return values | again | ({} if claimed.is_again else {"message": None})
            given_up = State.VOID if has_later else State.FAILED
            return values | ({"state": State.SENT} if claimed.is_again else {"state": given_up, "message": None})
