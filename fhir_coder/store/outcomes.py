"""Outcomes of codings read in one go: what was proposed, and what of it was signed. No word is opened but the name of who signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, null, select

from fhir_coder.exchange import Artifacts
from fhir_coder.model import Outcome, Severity
from fhir_coder.outcomes.outcome import (
    CodedLine,
    CodingOutcome,
    EditOutcome,
    FinalCode,
    OverrideOutcome,
    ProposedOutcome,
    RejectedOutcome,
    SignedOutcome,
    WeighedOutcome,
)
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.review_rows import recorded_of, utc
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
from fhir_coder.store.tables import AssignmentRow, CodedEncounterRow, FindingRow, RejectionRow
from fhir_coder.worklist.decision import Act, Someone
from fhir_coder.worklist.folding import fold
from fhir_coder.worklist.review import Proposed, ProposedCode, State, TurnedDown

TOGETHER = 400
"""Codings whose parts are read with one statement: below the 999 values that old builds of SQLite take."""
_COLUMNS = (
    "key", "id", "ehr", "encounter_reference", "patient_reference", "service_date", "created_at", "release_id", "engine_version", "versions", "release_artifact",
    "index_artifact", "ranker_artifact", "knowledge_artifact", "disposition", "is_confident",
)  # fmt: skip
_DECISION_COLUMNS = (
    "review", "sequence", "made_at", "person_id", "person_issuer", "person_name", "act", "code", "instead", "reason", "detail",
)  # fmt: skip
_CODING = tuple(one.name for one in fields(CodingOutcome))
_CLOSED_BOOK = Cipher("")
"""Opens nothing: names and reasons in words are not part of an outcome."""


class Outcomes:
    """Over one database. Moments are aware; ``since`` is included and ``until`` is not, None is no bound."""

    def __init__(self, engine: Engine, cipher: Cipher) -> None:
        self._engine = engine
        self._cipher = cipher

    def signed(self, tenant: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[SignedOutcome]:
        """Codings whose review is signed, by the moment of the sign-off in force, oldest first."""
        signers: dict[tuple[str, str], Someone] = {}
        for keys in self._chunks(signed_keys(tenant, since, until)):
            with self._engine.connect() as connection:
                found = list(outcomes_of(connection, tenant, keys, self._cipher, signers))
            yield from (outcome for _, outcome in found)

    def passed(self, tenant: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[CodingOutcome]:
        """Codings that the engine let pass and nobody reopened, by the moment they were coded, oldest first; none that was coded again."""
        review, coding = ReviewRow, CodedEncounterRow
        passed = _keys(tenant).where(review.state == State.PASSED.value, review.superseded_by == "").order_by(coding.created_at, coding.key)
        for keys in self._chunks(_within(passed, coding.created_at, since, until)):
            with self._engine.connect() as connection:
                found = list(_codings(connection, tenant, _rows(connection, tenant, keys)))
            yield from found

    def coded(self, tenant: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[CodedLine]:
        """Every coding, in whatever state its review is, by the moment it was coded, oldest first. Of an encounter that was coded again before
        anybody signed only the newest."""
        review, coding = ReviewRow, CodedEncounterRow
        columns: tuple[Any, ...] = (coding.id, coding.ehr, coding.created_at, review.provider, review.specialty, coding.release_id)
        more: tuple[Any, ...] = (coding.engine_version, coding.disposition, review.state)
        query = select(*columns, *more).join(review, review.coded_encounter == coding.key)
        query = query.where(coding.tenant == tenant, review.tenant == tenant, review.superseded_by == "")
        with self._engine.connect() as connection:
            rows = connection.execute(_within(query, coding.created_at, since, until).order_by(coding.created_at, coding.key)).all()
        for coding_id, ehr, created_at, provider, specialty, release, version, disposition, state in rows:
            yield CodedLine(coding_id, ehr, utc(created_at), provider, specialty, release, version, Outcome(disposition), State(state))

    def _chunks(self, keys: Select[Any]) -> Iterator[Sequence[int]]:
        """The keys of reviews a few hundred at a time. No cursor stays open while somebody works on what was handed out."""
        with self._engine.connect() as connection:
            found = connection.scalars(keys).all()
        yield from (found[start : start + TOGETHER] for start in range(0, len(found), TOGETHER))


def outcomes_of(
    connection: Connection, tenant: str, keys: Sequence[int], cipher: Cipher, signers: dict[tuple[str, str], Someone]
) -> Iterator[tuple[int, SignedOutcome]]:
    """Signed reviews by key, in the order of the keys; ``signers`` are those whose names are open already."""
    rows = _rows(connection, tenant, keys)
    histories = _histories(connection, tenant, keys)
    for row, coding in zip(rows, _codings(connection, tenant, rows), strict=True):
        yield row.review, _signed(coding, histories[row.review], cipher, signers)


def signed_keys(tenant: str, since: datetime | None, until: datetime | None) -> Select[Any]:
    """The keys of signed reviews, by the moment of the sign-off."""
    review = ReviewRow
    signed = _keys(tenant).where(review.state == State.SIGNED.value).order_by(review.signed_at, review.key)
    return _within(signed, review.signed_at, since, until)


def _signed(coding: CodingOutcome, history: Sequence[Any], cipher: Cipher, signers: dict[tuple[str, str], Someone]) -> SignedOutcome:
    review = fold(_proposed(coding), [recorded_of(one, _CLOSED_BOOK) for one in history])
    last = next(one for one in reversed(history) if one.act == Act.SIGN_OFF.value)
    person = (last.person_id, last.person_issuer)
    if person not in signers:
        signers[person] = Someone(*person, cipher.open(last.person_name))
    return SignedOutcome(
        **{name: getattr(coding, name) for name in _CODING},
        sequence=last.sequence,
        signed_at=utc(last.made_at),
        decided_by=signers[person],
        final=tuple(FinalCode(one.code, one.origin, one.verdict, one.replaces, one.probability) for one in review.codes),
        rejected=tuple(RejectedOutcome(one.code, one.reason) for one in review.rejected if one.by),
        overrides=tuple(OverrideOutcome(one.finding, one.reason) for one in review.overrides),
        times_signed=review.times_signed,
        decisions=len(history),
    )


def _keys(tenant: str) -> Select[Any]:
    review, coding = ReviewRow, CodedEncounterRow
    keys: tuple[Any, ...] = (review.key,)
    return select(*keys).join(coding, review.coded_encounter == coding.key).where(review.tenant == tenant, coding.tenant == tenant)


def _rows(connection: Connection, tenant: str, keys: Sequence[int]) -> list[Row[Any]]:
    """Reviews with their codings, in the order of the keys: of the columns only what an outcome has, as facts and trails are long."""
    review, coding = ReviewRow, CodedEncounterRow
    columns: tuple[Any, ...] = (
        review.key.label("review"),
        review.provider,
        review.specialty,
        *(getattr(coding, name) for name in _COLUMNS),
    )
    joined = select(*columns).join(coding, review.coded_encounter == coding.key)
    found = connection.execute(joined.where(review.tenant == tenant, coding.tenant == tenant, review.key.in_(keys)))
    by_key = {row.review: row for row in found}
    return [by_key[key] for key in keys if key in by_key]


def _within(query: Select[Any], column: Any, since: datetime | None, until: datetime | None) -> Select[Any]:
    """SQLite keeps no offset, so that moments are compared in UTC."""
    if since:
        query = query.where(column >= since.astimezone(UTC))
    return query.where(column < until.astimezone(UTC)) if until else query


def _histories(connection: Connection, tenant: str, keys: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """Decisions without their words, by review."""
    row = ReviewDecisionRow
    columns: tuple[Any, ...] = (*(getattr(row, name) for name in _DECISION_COLUMNS), null().label("words"))
    histories: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for one in connection.execute(select(*columns).where(row.tenant == tenant, row.review.in_(keys)).order_by(row.review, row.sequence)):
        histories[one.review].append(one)
    return histories


def _codings(connection: Connection, tenant: str, rows: Sequence[Row[Any]]) -> Iterator[CodingOutcome]:
    keys = [row.key for row in rows]
    proposed, weighed, edits = _assigned(connection, tenant, keys), _weighed(connection, tenant, keys), _edits(connection, tenant, keys)
    for row in rows:
        yield CodingOutcome(
            tenant=tenant,
            coding_id=row.id,
            ehr=row.ehr,
            encounter_reference=row.encounter_reference,
            patient_reference=row.patient_reference,
            service_date=row.service_date,
            created_at=utc(row.created_at),
            provider=row.provider,
            specialty=row.specialty,
            release_id=row.release_id,
            engine_version=row.engine_version,
            versions=row.versions,
            artifacts=Artifacts(row.release_artifact, row.index_artifact, row.ranker_artifact, row.knowledge_artifact),
            disposition=Outcome(row.disposition),
            is_confident=row.is_confident,
            proposed=proposed[row.key],
            weighed=weighed[row.key],
            edits=edits[row.key],
        )


def _assigned(connection: Connection, tenant: str, keys: Sequence[int]) -> defaultdict[int, tuple[ProposedOutcome, ...]]:
    row, found = AssignmentRow, defaultdict[int, tuple[ProposedOutcome, ...]](tuple)
    columns = select(row.coded_encounter, row.code, row.probability, row.position, row.disposition, row.features)
    for key, code, probability, rank, disposition, features in connection.execute(
        columns.where(row.tenant == tenant, row.coded_encounter.in_(keys)).order_by(row.position, row.key)
    ):
        found[key] += (ProposedOutcome(code, probability, rank, Outcome(disposition), features),)
    return found


def _weighed(connection: Connection, tenant: str, keys: Sequence[int]) -> defaultdict[int, tuple[WeighedOutcome, ...]]:
    row, found = RejectionRow, defaultdict[int, tuple[WeighedOutcome, ...]](tuple)
    columns = select(row.coded_encounter, row.code, row.probability, row.reason)
    for key, code, probability, reason in connection.execute(
        columns.where(row.tenant == tenant, row.coded_encounter.in_(keys)).order_by(row.position, row.key)
    ):
        found[key] += (WeighedOutcome(code, probability, reason),)
    return found


def _edits(connection: Connection, tenant: str, keys: Sequence[int]) -> defaultdict[int, tuple[EditOutcome, ...]]:
    row, found = FindingRow, defaultdict[int, tuple[EditOutcome, ...]](tuple)
    columns = select(row.coded_encounter, row.edit, row.severity, row.codes)
    for key, edit, severity, codes in connection.execute(
        columns.where(row.tenant == tenant, row.coded_encounter.in_(keys)).order_by(row.position, row.key)
    ):
        found[key] += (EditOutcome(edit, Severity(severity), tuple(codes)),)
    return found


def _proposed(coding: CodingOutcome) -> Proposed:
    """What the fold begins with: titles and places in notes have no part in what stands."""
    codes = tuple(ProposedCode(one.code, "", one.probability, one.disposition) for one in coding.proposed)
    return Proposed(
        coding.coding_id, codes, tuple(TurnedDown(one.code, "", one.reason, one.probability) for one in coding.weighed), coding.disposition
    )
