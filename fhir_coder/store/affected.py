"""Which passed or signed encounters an edit, a model, a lexicon or a release has touched, and what of them has gone to billing.

An encounter counts when it passed, when it is signed, or when a signed version of it was handed to billing before it was opened again. A passed
encounter that was coded again meanwhile counts too, and names the later coding. No sealed column is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, String, cast, or_, select

from fhir_coder.billing.outgoing import State as BillingState
from fhir_coder.store.outbox_tables import OutboxRow
from fhir_coder.store.review_rows import utc
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
from fhir_coder.store.tables import CodedEncounterRow, FindingRow
from fhir_coder.worklist.decision import Act
from fhir_coder.worklist.review import State

PAGE = 500
"""Encounters that are read together."""
_OVER = (State.PASSED.value, State.SIGNED.value)


class Cause(StrEnum):
    """What an encounter is affected by."""

    EDIT = "edit"
    MODEL = "model"
    LEXICON = "lexicon"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Billed:
    """One signed version as it stands with one destination."""

    destination: str
    version: int
    state: BillingState


@dataclass(frozen=True, slots=True)
class Affected:
    """One encounter. ``signed_by`` is the id of who signed, empty unless it is signed now; ``signed_at`` is aware; ``codes`` are those that stand.

    ``made_with`` are the versions that it was looked for by; for an edit, the severities of its findings and ``overridden``. ``superseded_by`` is the id of a
    later coding, or empty.
    """

    tenant: str
    coding: str
    encounter: str
    patient: str
    service_date: date | None
    state: State
    superseded_by: str
    signed_by: str
    signed_at: datetime | None
    codes: tuple[str, ...]
    made_with: tuple[str, ...]
    billing: tuple[Billed, ...]


class AffectedEncounters:
    """Over one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def known(self, tenant: str, cause: Cause) -> tuple[str, ...]:
        """Every version of that kind that a coding of the tenant was made with; for an edit, every one that found something."""
        with self._engine.connect() as connection:
            return tuple(sorted({one for row in connection.execute(_known(tenant, cause)) for one in row if one}))

    def pages(self, tenant: str, cause: Cause, values: Sequence[str]) -> Iterator[tuple[Affected, ...]]:
        """The encounters that any of the values touched, oldest coding first. Each page is one transaction of three or four statements."""
        after = 0
        while True:
            with self._engine.connect() as connection:
                rows = connection.execute(_affected(tenant, cause, values, after)).all()
                if not rows:
                    return
                found = _page(connection, tenant, cause, values, rows)
            yield found
            after = rows[-1].key


def _columns(cause: Cause) -> tuple[Any, ...]:
    """Where a coding's row says what it was made with."""
    row = CodedEncounterRow
    return {
        Cause.EDIT: (),
        Cause.MODEL: (row.versions["model"].as_string(), row.versions["ranker"].as_string(), row.ranker_artifact),
        Cause.LEXICON: (row.versions["lexicon"].as_string(),),
        Cause.RELEASE: (row.release_id, row.release_artifact),
    }[cause]


def _known(tenant: str, cause: Cause) -> Any:
    if cause is Cause.EDIT:
        return select(FindingRow.edit).where(FindingRow.tenant == tenant).distinct()
    return select(*_columns(cause)).where(CodedEncounterRow.tenant == tenant).distinct()


def _affected(tenant: str, cause: Cause, values: Sequence[str], after: int) -> Any:
    coding, review = CodedEncounterRow, ReviewRow
    made_with = [column.label(f"made_with_{place}") for place, column in enumerate(_columns(cause))]
    asked = (
        coding.key, coding.id, coding.encounter_reference, coding.patient_reference, coding.service_date, review.key.label("review"), review.state,
        review.superseded_by, review.signed_at, review.codes, *made_with,
    )  # fmt: skip
    billed = select(OutboxRow.key).where(OutboxRow.tenant == tenant, OutboxRow.coding == coding.id).exists()
    touched = _found_by(tenant, values) if cause is Cause.EDIT else or_(*(column.in_(values) for column in _columns(cause)))
    query = select(*asked).join_from(review, coding, review.coded_encounter == coding.key).where(review.tenant == tenant)
    query = query.where(coding.tenant == tenant, coding.key > after, or_(review.state.in_(_OVER), billed), touched)
    return query.order_by(coding.key).limit(PAGE)


def _found_by(tenant: str, edits: Sequence[str]) -> ColumnElement[bool]:
    """An edit found something in the coding, or a sign-off overrode it: the reviewer's codes may have brought it about."""
    found = select(FindingRow.coded_encounter).where(FindingRow.tenant == tenant, FindingRow.edit.in_(edits))
    return or_(CodedEncounterRow.key.in_(found), ReviewRow.key.in_(_overriding(tenant, edits)))


def _overriding(tenant: str, edits: Sequence[str]) -> Any:
    """Reviews with a sign-off that overrides an edit. Findings go by the edit and its codes (:func:`fhir_coder.worklist.decision.finding_name`)."""
    row = ReviewDecisionRow
    detail = cast(row.detail, String)
    named = [detail.contains(f'"{edit}{end}', autoescape=True) for edit in edits for end in ('"', " ")]
    return select(row.review).where(row.tenant == tenant, row.act == Act.SIGN_OFF.value, or_(*named))


def _page(connection: Connection, tenant: str, cause: Cause, values: Sequence[str], rows: Sequence[Any]) -> tuple[Affected, ...]:
    signers, billed = _signers(connection, tenant, rows), _billed(connection, tenant, rows)
    why = _severities(connection, tenant, values, rows) if cause is Cause.EDIT else _versions(values, rows)
    return tuple(
        Affected(
            tenant=tenant,
            coding=row.id,
            encounter=row.encounter_reference,
            patient=row.patient_reference,
            service_date=row.service_date,
            state=State(row.state),
            superseded_by=row.superseded_by,
            signed_by=signers.get(row.review, "") if row.signed_at else "",
            signed_at=utc(row.signed_at) if row.signed_at else None,
            codes=tuple(row.codes),
            made_with=why[row.key],
            billing=tuple(billed[row.id]),
        )
        for row in rows
    )


def _versions(values: Sequence[str], rows: Sequence[Any]) -> dict[int, tuple[str, ...]]:
    """The values of the columns behind the named ones that were looked for."""
    return {row.key: tuple(one for one in row[10:] if one in values) for row in rows}


def _severities(connection: Connection, tenant: str, edits: Sequence[str], rows: Sequence[Any]) -> dict[int, tuple[str, ...]]:
    row, keys = FindingRow, [one.key for one in rows]
    query = select(row.coded_encounter, row.severity).where(row.tenant == tenant, row.edit.in_(edits), row.coded_encounter.in_(keys))
    found: defaultdict[int, set[str]] = defaultdict(set)
    for key, severity in connection.execute(query):
        found[key].add(severity)
    overriding = _overriding(tenant, edits).where(ReviewDecisionRow.review.in_([one.review for one in rows]))
    overridden = set(connection.scalars(overriding))
    return {one.key: (*sorted(found[one.key]), *(["overridden"] if one.review in overridden else [])) for one in rows}


def _signers(connection: Connection, tenant: str, rows: Sequence[Any]) -> dict[int, str]:
    """Who signed last, by review."""
    row, reviews = ReviewDecisionRow, [one.review for one in rows]
    query = select(row.review, row.person_id).where(row.tenant == tenant, row.act == Act.SIGN_OFF.value, row.review.in_(reviews))
    return {one.review: one.person_id for one in connection.execute(query.order_by(row.sequence))}


def _billed(connection: Connection, tenant: str, rows: Sequence[Any]) -> defaultdict[str, list[Billed]]:
    row = OutboxRow
    query = select(row.coding, row.destination, row.version, row.state).where(
        row.tenant == tenant, row.coding.in_([one.id for one in rows])
    )
    found: defaultdict[str, list[Billed]] = defaultdict(list)
    for coding, destination, version, state in connection.execute(query.order_by(row.destination, row.version)):
        found[coding].append(Billed(destination, version, BillingState(state)))
    return found
