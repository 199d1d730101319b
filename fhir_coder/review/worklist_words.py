"""What a line of the worklist says in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from fhir_coder.billing.outgoing import State as BillingState
from fhir_coder.disposition import CONFIDENT, POLICY_REVIEW_ALL
from fhir_coder.worklist.reasons import reasons

_REASONS = {
    POLICY_REVIEW_ALL: "everything is reviewed here",
    CONFIDENT: "nothing speaks against it",
    "low-probability": "low probability",
    "no-codes": "no code found",
    "uncoded-problem": "problem without a code",
    "unreadable-note": "unreadable note",
    "identity-conflict": "resources disagree",
    "sensitive-document": "marked sensitive",
    "service-date-unknown": "no date of service",
    "author-unknown": "author unknown",
    "signature-unknown": "not known to be signed",
}
_ALWAYS = "always-review-"
BILLING: Mapping[BillingState, tuple[str, str]] = {
    BillingState.WAITING: ("waiting to be sent", "quiet"),
    BillingState.SENDING: ("being sent", "quiet"),
    BillingState.SENT: ("sent, no answer", "information"),
    BillingState.ACKNOWLEDGED: ("acknowledged", "pass"),
    BillingState.REJECTED: ("refused", "blocking"),
    BillingState.FAILED: ("not delivered", "blocking"),
    BillingState.HELD: ("withheld: patient pays", "advisory"),
    BillingState.VOID: ("not sent", "quiet"),
}
"""The words for where a coding stands with billing, and how grave it looks."""


def reason_words(code: str) -> str:
    """Why a coding goes to review, in a few words; the names of edits speak for themselves."""
    if code.startswith(_ALWAYS):
        return f"always reviewed: {_spoken(code.removeprefix(_ALWAYS))}"
    return _REASONS.get(code) or _spoken(code)


def reasons_in_words(codes: Sequence[str]) -> tuple[str, ...]:
    """Several reasons; that everything is reviewed here is said only where it is the only one."""
    return tuple(map(reason_words, [one for one in codes if one != POLICY_REVIEW_ALL] or codes))


def hold_words(reason: str) -> str:
    """Why a review is held."""
    return reasons().get("hold", {}).get(reason, _spoken(reason))


def age_words(since: datetime, now: datetime) -> str:
    """How long something has waited: minutes, then hours, from two days on days."""
    age = max(now - since, timedelta())
    minutes = int(age.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{age.days} d"


def _spoken(name: str) -> str:
    return name.replace("-", " ")
