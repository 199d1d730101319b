"""A review is opened in the transaction that saves its coding: no coding is without one. Of those that pass, some are drawn for a second review."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import Connection, bindparam, select, update

from fhir_coder.exchange import CodingResult
from fhir_coder.model import Outcome
from fhir_coder.outcomes.specialty import specialty_of
from fhir_coder.store.inserting import insert_row
from fhir_coder.store.review_rows import rank
from fhir_coder.store.review_tables import ReviewRow
from fhir_coder.store.rows import Values
from fhir_coder.store.second_review_tables import SecondReviewRow
from fhir_coder.store.second_reviews import drawn
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.store.turns import take_turns
from fhir_coder.worklist.review import State


def take_review_turns(connection: Connection, codings: Iterable[Values]) -> None:
    """Wait for those who are keeping codings of the same encounters, before the first row of these codings has its key: neither of two would see the review that the other
    opens, and both would stay open. ``codings`` are values of their rows."""
    take_turns(
        connection, (f"review {one['tenant']} {one['ehr']} {one['encounter_reference']}" for one in codings if one["encounter_reference"])
    )


def open_review(connection: Connection, key: int, coding: Values, result: CodingResult, is_drawn: Callable[[str], bool]) -> None:
    """Add the review of a coding, whose row has the ``key`` and the values ``coding``. Open reviews of earlier codings of its encounter are superseded:
    what was signed stays.

    ``is_drawn`` is asked once for a coding that passes."""
    disposition = result.disposition
    if disposition.outcome is Outcome.PASS and is_drawn(coding["tenant"]):
        insert_row(connection, SecondReviewRow, drawn(key, coding))
    codes = [one.code for one in disposition.report.coded.assignments]
    review = {
        "tenant": coding["tenant"],
        "coded_encounter": key,
        "state": (State.PASSED if disposition.outcome is Outcome.PASS else State.WAITING).value,
        "version": 0,
        "is_touched": False,
        "superseded_by": "",
        "supersedes": _supersede(connection, key, coding) if coding["encounter_reference"] else "",
        "provider": result.intake.encounter.provider.replace("\0", "")[:255],
        "specialty": specialty_of(result.intake),
        "severity": rank(one.severity for one in disposition.report.shown),
        "code_count": len(codes),
        "codes": codes,
        "reasons": list(dict.fromkeys(one.code for one in disposition.reasons)),
        "hold_reason": "",
        "assigned_id": "",
        "assigned_issuer": "",
        "assigned_name": None,
        "signed_at": None,
        "holder_id": "",
        "holder_issuer": "",
        "holder_name": None,
        "locked_until_s": 0,
        "changed_at": coding["created_at"],
    }
    insert_row(connection, ReviewRow, review)


_EARLIER = (
    select(CodedEncounterRow.id, ReviewRow.key, ReviewRow.is_touched, ReviewRow.supersedes)
    .join(ReviewRow, ReviewRow.coded_encounter == CodedEncounterRow.key)
    .where(CodedEncounterRow.tenant == bindparam("tenant"), ReviewRow.tenant == bindparam("tenant"))
    .where(CodedEncounterRow.ehr == bindparam("ehr"), CodedEncounterRow.encounter_reference == bindparam("encounter_reference"))
    .where(CodedEncounterRow.key < bindparam("key"), ReviewRow.superseded_by == "", ReviewRow.state != State.SIGNED.value)
    .order_by(CodedEncounterRow.key.desc())
)
"""Open reviews of earlier codings of an encounter, the newest first."""


def _supersede(connection: Connection, key: int, coding: Values) -> str:
    """Mark what the coding supersedes; the id of the last that a person had touched, or empty."""
    review, names = ReviewRow, ("tenant", "ehr", "encounter_reference")
    found = connection.execute(_EARLIER, {"key": key, **{name: coding[name] for name in names}}).all()
    keys = [one.key for one in found]
    if keys:
        superseded = update(review).where(review.tenant == coding["tenant"], review.key.in_(keys))
        connection.execute(superseded.values(superseded_by=coding["id"]))
    return next((one.id if one.is_touched else one.supersedes for one in found if one.is_touched or one.supersedes), "")
