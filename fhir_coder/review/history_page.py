"""The history of a coding as its page shows it: what the engine did, then every decision with what stood before and after, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fhir_coder.store.aftermath import Aftermath
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.reviews import OpenedReview
from fhir_coder.worklist.decision import Act, Decision, Someone
from fhir_coder.worklist.following import Kind
from fhir_coder.worklist.reasons import OVERRIDE, reasons
from fhir_coder.worklist.retelling import Step, retell
from fhir_coder.worklist.review import State

ACTS = {
    Act.ACCEPT: "accepted",
    Act.REJECT: "rejected",
    Act.REPLACE: "replaced",
    Act.ADD: "added",
    Act.RESTORE: "brought back",
    Act.MOVE: "moved",
    Act.EVIDENCE: "gave words of a note to",
    Act.LINK: "linked to service lines",
    Act.COMMENT: "commented",
    Act.ASK: "asked the provider",
    Act.HOLD: "held the review",
    Act.RELEASE: "released the review",
    Act.ASSIGN: "assigned the review",
    Act.UNDO: "took back",
    Act.SIGN_OFF: "signed off",
    Act.REOPEN: "opened the review again",
}
_KINDS = {Kind.EHR: "the EHR", Kind.BILLING: "billing", Kind.QUERY: "the provider", Kind.WITHDRAWAL: "the provider, to withdraw it"}
_STATES = {State.WAITING: "waiting", State.HELD: "held", State.SIGNED: "signed", State.PASSED: "passed"}


@dataclass(frozen=True, slots=True)
class CodeChange:
    """A code in a list before or after a decision; ``has_changed``: it stands in this list only, or at another place than in the other."""

    code: str
    has_changed: bool


@dataclass(frozen=True, slots=True)
class Followed:
    """What followed a decision: where it went, how it stands, and our sentence on it."""

    to: str
    progress: str
    at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One decision. ``what`` is what was done in words, ``facts`` are names with values beside it; ``texts`` are what people wrote."""

    sequence: int
    at: datetime
    who: str
    who_id: str
    what: str
    code: str
    instead: str
    stands: bool
    reason: str
    facts: tuple[tuple[str, str], ...]
    texts: tuple[str, ...]
    overrides: tuple[tuple[str, str, str], ...]
    before: tuple[CodeChange, ...]
    after: tuple[CodeChange, ...]
    followed: tuple[Followed, ...]


def history_values(coding: StoredEncounter, opened: OpenedReview, aftermath: Aftermath) -> dict[str, Any]:
    """What the template shows; nothing of it is left out for anybody who may see the coding."""
    steps = [_step(one, aftermath) for one in retell(opened.proposed, opened.history)]
    written = [(one.status, one.location) for one in coding.receipts if one.location]
    return {
        "coding": coding,
        "state": _STATES[opened.review.state],
        "proposed": [(one.code, one.display, _percent(one.probability), one.disposition.value) for one in opened.proposed.codes],
        "supersedes": opened.supersedes,
        "superseded_by": opened.superseded_by,
        "written": written,
        "steps": steps,
        "sent": [(one, moment(one.sent_s or one.created_s), moment(one.acknowledged_s)) for one in aftermath.sent],
    }


def _step(step: Step, aftermath: Aftermath) -> StepView:
    decision, made = step.recorded.decision, step.recorded
    before, after = step.codes_before, step.codes_after
    return StepView(
        made.sequence,
        made.at,
        name_of(made.by),
        made.person_id,
        _what(step),
        decision.code,
        decision.instead,
        step.stands,
        reason_words(decision.act.value, decision.reason),
        tuple(_facts(step)),
        (decision.text,) if decision.text else (),
        tuple((one.finding, reason_words(OVERRIDE, one.reason), one.text) for one in decision.overrides),
        _changes(before, after) if step.changes_codes else (),
        _changes(after, before) if step.changes_codes else (),
        tuple(
            Followed(_to(one.duty.kind, one.duty.target), one.progress.value, moment(one.settled_s), one.detail)
            for one in aftermath.follow_ups
            if one.sequence == made.sequence
        ),
    )


def name_of(person: Someone) -> str:
    """How a person is called: by name where it is kept."""
    return person.name or person.id


def reason_words(act: str, reason: str) -> str:
    """What a reason means, or itself where the table no longer has it."""
    return reasons().get(act, {}).get(reason, reason)


def moment(seconds: int) -> datetime | None:
    """Epoch seconds as a moment; None for 0."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _what(step: Step) -> str:
    if step.recorded.decision.act is not Act.UNDO:
        return ACTS[step.recorded.decision.act]
    parts = [
        f"took back {_numbers(step.left_out)}" if step.left_out else "",
        f"let {_numbers(step.back_in)} stand again" if step.back_in else "",
    ]
    return " and ".join(filter(None, parts)) or "took back nothing"


def _numbers(sequences: Sequence[int]) -> str:
    return f"decision{'s' if len(sequences) > 1 else ''} {', '.join(map(str, sequences))}"


def _facts(step: Step) -> list[tuple[str, str]]:
    decision = step.recorded.decision
    states = (_STATES[step.before.state], _STATES[step.after.state])
    blind = [one.code for one in step.after.codes if one.verdict.value == "open"] if decision.act is Act.SIGN_OFF else []
    found = [
        ("State", f"{states[0]} → {states[1]}" if states[0] != states[1] else ""),
        ("Place", f"{step.before.position(decision.code) or 'none'} → {step.after.position(decision.code)}" if decision.position else ""),
        ("Words of notes", str(len(decision.spans)) if decision.spans else ""),
        ("Service lines", ", ".join(map(str, decision.lines))),
        ("Finding", decision.finding),
        ("Assigned to", _assigned(decision)),
        ("Taken as they were, without being accepted one by one", ", ".join(blind)),
    ]
    return [(name, value) for name, value in found if value]


def _assigned(decision: Decision) -> str:
    if decision.act is not Act.ASSIGN:
        return ""
    return name_of(decision.to) if decision.to else "nobody"


def _changes(codes: tuple[str, ...], others: tuple[str, ...]) -> tuple[CodeChange, ...]:
    """Order counts among the codes that stand in both."""
    shared = [one for one in codes if one in others]
    moved = {one for one, other in zip(shared, [one for one in others if one in codes], strict=True) if one != other}
    return tuple(CodeChange(one, one not in others or one in moved) for one in codes)


def _percent(probability: float) -> str:
    """Never rounded up to certainty, or down to nothing."""
    return f"{min(max(probability * 100, 0.1), 99.9):.1f} %"


def _to(kind: Kind, target: str) -> str:
    return f"{_KINDS[kind]} ({target})" if target else _KINDS[kind]
