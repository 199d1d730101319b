"""What the head of the page says and offers: who works on the review, what may be done now, and what became of what followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_coder.people import Person, Right
from fhir_coder.store.reviews import OpenedReview
from fhir_coder.worklist.admission import CLOSED
from fhir_coder.worklist.decision import Act, Someone
from fhir_coder.worklist.following import FollowUp, Kind, Progress
from fhir_coder.worklist.review import State, Verdict

_WORDS = {
    (Kind.EHR, Progress.DONE): "Written to the EHR",
    (Kind.EHR, Progress.DUE): "To be written to the EHR",
    (Kind.EHR, Progress.DOING): "Being written to the EHR",
    (Kind.EHR, Progress.FAILED): "The EHR could not be written",
    (Kind.EHR, Progress.UNDELIVERED): "The EHR could not be written",
    (Kind.BILLING, Progress.DONE): "Handed to billing",
    (Kind.BILLING, Progress.DUE): "To be handed to billing",
    (Kind.BILLING, Progress.DOING): "Being handed to billing",
    (Kind.BILLING, Progress.FAILED): "Billing could not be reached",
    (Kind.BILLING, Progress.UNDELIVERED): "Billing did not take it",
    (Kind.QUERY, Progress.DONE): "The question was sent",
    (Kind.QUERY, Progress.DUE): "The question is to be sent",
    (Kind.QUERY, Progress.DOING): "The question is being sent",
    (Kind.QUERY, Progress.FAILED): "The question could not be sent",
    (Kind.QUERY, Progress.UNDELIVERED): "The question could not be delivered",
    (Kind.QUERY, Progress.UNSURE): "The question may have arrived",
    (Kind.WITHDRAWAL, Progress.DONE): "The question was taken back",
    (Kind.WITHDRAWAL, Progress.DUE): "The question is to be withdrawn",
    (Kind.WITHDRAWAL, Progress.DOING): "The question is being withdrawn",
    (Kind.WITHDRAWAL, Progress.FAILED): "The question could not be withdrawn",
    (Kind.WITHDRAWAL, Progress.UNDELIVERED): "The question could not be withdrawn",
    (Kind.WITHDRAWAL, Progress.UNSURE): "The question may have to be withdrawn",
    (Kind.EHR, Progress.UNSURE): "What was signed may have arrived in part",
}
_REOPENED = {
    Progress.DONE: "Reopened at the EHR",
    Progress.DUE: "The Claim at the EHR is to be set back",
    Progress.DOING: "The Claim at the EHR is being set back",
    Progress.FAILED: "The Claim at the EHR could not be set back",
    Progress.UNDELIVERED: "The Claim at the EHR could not be set back",
}
"""Of the EHR after a reopening."""
_OPEN = frozenset({Progress.DUE, Progress.FAILED, Progress.UNDELIVERED})
_AMISS = frozenset({Progress.FAILED, Progress.UNDELIVERED, Progress.UNSURE})


@dataclass(frozen=True, slots=True)
class FollowUpView:
    """One thing that follows: ``can_retry`` where a person may have it tried now; ``is_unsure``: a person has to say whether it is there; ``text`` is a
    question to copy, or empty."""

    key: int
    words: str
    target: str
    detail: str
    is_amiss: bool
    can_retry: bool
    is_unsure: bool
    text: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """What this person may do now. ``decide`` is to change codes, ``beside`` what changes nothing and goes on beside somebody else's
    work, ``settle`` to have done what follows, ``assign`` to say whose it is; ``sign`` and ``override`` are of the sign-off."""

    decide: bool
    beside: bool
    settle: bool
    assign: bool
    sign: bool
    override: bool
    reopen: bool
    undo: bool
    accept_all: bool
    release: bool


def head_values(
    person: Person,
    me: Someone,
    opened: OpenedReview,
    may_review: bool,
    follow_ups: Iterable[FollowUp],
    query_text: Callable[[int], str],
) -> dict[str, Any]:
    """``locked`` is who else works on it now, or None; ``has_asked``: the provider was asked, also where that was taken back, for an answer may come all the
    same."""
    acts = {one.sequence: one.decision.act for one in opened.history}
    locked = opened.lock if opened.lock and not opened.lock.holder.is_same(me) else None
    return {
        "allowed": _allowed(person, opened, may_review, is_free=locked is None),
        "locked": locked,
        "is_mine": opened.review.assigned is not None and opened.review.assigned.is_same(me),
        "me": me,
        "follow_ups": [_follow_up(one, acts, query_text) for one in follow_ups if one.progress is not Progress.OVERTAKEN],
        "has_asked": Act.ASK in acts.values(),
    }


def _allowed(person: Person, opened: OpenedReview, may_review: bool, is_free: bool) -> Allowed:
    review = opened.review
    is_current = may_review and not opened.superseded_by
    may_sign = person.may(Right.SIGN_OFF)
    works = is_current and is_free and may_sign
    decide = works and review.state not in CLOSED
    return Allowed(
        decide=decide,
        beside=may_review,
        settle=may_review and may_sign,
        assign=is_current and may_sign and review.state not in CLOSED,
        sign=decide and review.state is not State.HELD,
        override=person.may(Right.OVERRIDE_BLOCKING),
        reopen=works and review.state in CLOSED,
        undo=decide and bool(review.undoable),
        accept_all=decide and any(one.verdict is Verdict.OPEN for one in review.codes),
        release=decide and review.state is State.HELD,
    )


def _follow_up(one: FollowUp, acts: Mapping[int, Act], query_text: Callable[[int], str]) -> FollowUpView:
    kind, progress = one.duty.kind, one.progress
    is_reopening = kind is Kind.EHR and acts.get(one.sequence) is Act.REOPEN
    words = _REOPENED[progress] if is_reopening else _WORDS[kind, progress]
    is_amiss = progress in _AMISS
    text = query_text(one.sequence) if kind is Kind.QUERY and is_amiss else ""
    return FollowUpView(one.key, words, one.duty.target, one.detail, is_amiss, progress in _OPEN, progress is Progress.UNSURE, text)
