"""Decisions as rows and back; what a review's own row says of its state."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from fhir_coder.model import Severity
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
from fhir_coder.worklist.decision import Act, Decision, Override, Recorded, Someone, Span
from fhir_coder.worklist.review import Review

SEVERITIES = (None, Severity.INFORMATION, Severity.ADVISORY, Severity.BLOCKING)
"""The severity of a rank; what runs in shadow has none."""


def rank(severities: Iterable[Severity]) -> int:
    """The rank of the gravest."""
    return max((SEVERITIES.index(one) for one in severities if one in SEVERITIES), default=0)


def decision_row(review: ReviewRow, recorded: Recorded, cipher: Cipher) -> ReviewDecisionRow:
    """A decision; its words pass the cipher here."""
    decision = recorded.decision
    return ReviewDecisionRow(
        tenant=review.tenant,
        review=review.key,
        sequence=recorded.sequence,
        made_at=recorded.at,
        person_id=recorded.person_id,
        person_issuer=recorded.person_issuer,
        person_name=cipher.seal(recorded.person_name),
        act=decision.act.value,
        code=decision.code,
        instead=decision.instead,
        reason=decision.reason,
        detail=_detail(decision),
        words=cipher.seal(_words(decision)),
    )


def _detail(decision: Decision) -> dict[str, Any]:
    detail = {
        "position": decision.position,
        "spans": [[one.note_id, one.start, one.end, one.sha256] for one in decision.spans],
        "lines": list(decision.lines),
        "finding": decision.finding,
        "undoes": decision.undoes,
        "overrides": [[one.finding, one.reason] for one in decision.overrides],
        "to": [decision.to.id, decision.to.issuer] if decision.to else [],
    }
    return {name: value for name, value in detail.items() if value}


def _words(decision: Decision) -> str:
    words = {"text": decision.text, "overrides": [one.text for one in decision.overrides], "to": decision.to.name if decision.to else ""}
    return json.dumps(words) if decision.text or any(words["overrides"]) or words["to"] else ""


def recorded_of(row: ReviewDecisionRow, cipher: Cipher) -> Recorded:
    """The decision of a row; its words are empty where they were dropped."""
    detail, sealed = row.detail, cipher.open(row.words)
    words = json.loads(sealed) if sealed else {}
    overrides = detail.get("overrides", [])
    texts = words.get("overrides") or [""] * len(overrides)
    decision = Decision(
        act=Act(row.act),
        code=row.code,
        instead=row.instead,
        reason=row.reason,
        position=detail.get("position", 0),
        spans=tuple(Span(*one) for one in detail.get("spans", ())),
        lines=tuple(detail.get("lines", ())),
        text=words.get("text", ""),
        finding=detail.get("finding", ""),
        undoes=detail.get("undoes", 0),
        overrides=tuple(Override(finding, reason, text) for (finding, reason), text in zip(overrides, texts, strict=True)),
        to=Someone(detail["to"][0], detail["to"][1], words.get("to", "")) if "to" in detail else None,
    )
    return Recorded(row.sequence, utc(row.made_at), row.person_id, row.person_issuer, cipher.open(row.person_name), decision)


def summarize(row: ReviewRow, review: Review, cipher: Cipher) -> None:
    """Write into a review's row what its decisions lead to."""
    row.state = review.state.value
    row.version = review.version
    row.is_touched = review.is_touched
    row.codes = [one.code for one in review.codes]
    row.code_count = len(review.codes)
    row.hold_reason = review.hold_reason
    row.assigned_id = review.assigned.id if review.assigned else ""
    row.assigned_issuer = review.assigned.issuer if review.assigned else ""
    row.assigned_name = cipher.seal(review.assigned.name) if review.assigned else None
    row.signed_at = review.signed_at


def utc(moment: datetime) -> datetime:
    """SQLite keeps no offset; what was saved was UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
