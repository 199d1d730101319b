"""Second reviews: encounters that passed are drawn at random and coded again by somebody who has not seen the codes.

Who has seen them is told by the audit: every look at a coding is written down before it is shown. So nobody becomes the second coder of an encounter
whose codes they have opened or decided on, and what somebody found who looked meanwhile is not taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Engine, Select, func, select
from sqlalchemy.orm import Session

from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.errors import Conflict, Forbidden, ResourceUnknown
from fhir_coder.store.audit import AuditLog, now_utc
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.records import Within
from fhir_coder.store.review_reading import proposed_of
from fhir_coder.store.review_rows import utc
from fhir_coder.store.review_tables import ReviewRow
from fhir_coder.store.reviews import Maker
from fhir_coder.store.rows import Values
from fhir_coder.store.second_review_tables import SecondReviewRow
from fhir_coder.store.seen import has_seen
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.worklist.agreement import Comparison, compare
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.review import State
from fhir_coder.worklist.second_review import SecondReview, SecondState

LOCK_S = 60 * 60
"""Seconds that a second review is kept for who began it: nothing is saved on the way, so a lock that ends early would cost the whole work."""
EVENT = "second-review"
_SEEN = "you have seen what was coded for this encounter: somebody else has to code it a second time"


class SecondReviews:
    """Over one database; ``audit`` is its log, ``now`` tells the time (aware). A second review goes by the id of its coding."""

    def __init__(
        self, engine: Engine, cipher: Cipher, audit: AuditLog, now: Callable[[], datetime] = now_utc, lock_s: int = LOCK_S
    ) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._cipher = cipher
        self._audit = audit
        self._now = now
        self._lock_s = lock_s

    def find(self, tenant: str, coding_id: str) -> SecondReview | None:
        """The second review of a coding, if it was drawn and is the tenant's."""
        with Session(self._engine) as session:
            found = session.execute(_joined(tenant).where(CodedEncounterRow.id == coding_id)).first()
            return self._value(*found) if found else None

    def waiting(self, tenant: str, within: Within = Within(), most: int | None = 100) -> tuple[SecondReview, ...]:  # noqa: B008 (a constant)
        """What waits for a second coder within a part of a tenant, the oldest first; without ``most`` all of it."""
        row = SecondReviewRow
        query = _joined(tenant).where(row.state == SecondState.WAITING.value, *_lying(within)).order_by(row.key).limit(most)
        with Session(self._engine) as session:
            return tuple(self._value(*found) for found in session.execute(query))

    def count_waiting(self, tenant: str, within: Within = Within()) -> int:  # noqa: B008 (a constant)
        """How many wait."""
        row, coding = SecondReviewRow, CodedEncounterRow
        query = select(func.count()).select_from(row).join(coding, row.coded_encounter == coding.key)
        with Session(self._engine) as session:
            asked = query.where(row.tenant == tenant, coding.tenant == tenant, row.state == SecondState.WAITING.value, *_lying(within))
            return session.scalar(asked) or 0

    def done(self, tenant: str, since: datetime | None = None, until: datetime | None = None) -> tuple[SecondReview, ...]:
        """What was done from ``since`` to before ``until`` (aware), the newest first."""
        row = SecondReviewRow
        query = _joined(tenant).where(row.state == SecondState.DONE.value)
        query = query.where(row.completed_at >= since) if since else query
        query = query.where(row.completed_at < until) if until else query
        with Session(self._engine) as session:
            return tuple(self._value(*found) for found in session.execute(query.order_by(row.completed_at.desc(), row.key.desc())))

    def held_by(self, tenant: str, person: Someone) -> tuple[SecondReview, ...]:
        """What a person has begun and not done: of these encounters no code is for them to see."""
        row = SecondReviewRow
        mine = (row.state == SecondState.WAITING.value, row.coder_id == person.id, row.coder_issuer == person.issuer)
        with Session(self._engine) as session:
            return tuple(self._value(*found) for found in session.execute(_joined(tenant).where(*mine).order_by(row.key)))

    def begin(self, tenant: str, coding_id: str, maker: Maker) -> None:
        """Take a second review, or go on with it. Raises ResourceUnknown for one that was not drawn, Conflict where it is done or somebody else has
        it, Forbidden for who has seen the codes."""
        with Session(self._writing) as session, session.begin():
            row, coding = _held(session, tenant, coding_id)
            now = self._now()
            if row.state == SecondState.DONE.value:
                raise Conflict("the second review is done")
            if row.coder_id and not _coder(row).is_same(maker.person) and row.locked_until_s > now.timestamp():
                raise Conflict("somebody else codes this encounter a second time")
            if has_seen(session, coding, maker.person):
                raise Forbidden(_SEEN)
            row.coder_id, row.coder_issuer, row.coder_name = maker.person.id, maker.person.issuer, self._cipher.seal(maker.person.name)
            row.locked_until_s = int((now + timedelta(seconds=self._lock_s)).timestamp())

    def let_go(self, tenant: str, coding_id: str, maker: Maker) -> None:
        """Leave it to others; nothing where it is done or somebody else has it."""
        with Session(self._writing) as session, session.begin():
            row, _ = _held(session, tenant, coding_id)
            if row.state == SecondState.WAITING.value and _coder(row).is_same(maker.person):
                row.coder_id, row.coder_issuer, row.coder_name, row.locked_until_s = "", "", None, 0

    def finish(self, tenant: str, coding_id: str, codes: Sequence[str], maker: Maker) -> Comparison:
        """Keep the second coder's codes, in order, each once, and compare. Raises as :meth:`begin`, and Conflict for who does not have it any more."""
        with Session(self._writing) as session, session.begin():
            self._audit.take_turn(session.connection(), tenant)
            row, coding = _held(session, tenant, coding_id)
            if row.state == SecondState.DONE.value or not _coder(row).is_same(maker.person):
                raise Conflict("you do not have this second review any more")
            if has_seen(session, coding, maker.person):
                raise Forbidden(_SEEN)
            row.first = [one.code for one in proposed_of(session, coding).codes]
            row.codes, row.state, row.locked_until_s = list(codes), SecondState.DONE.value, 0
            row.completed_at = self._now().astimezone(UTC)
            found = compare(row.first, row.codes)
            session.flush()
            self._tell(session, coding, found, maker)
        return found

    def _tell(self, session: Session, coding: CodedEncounterRow, found: Comparison, maker: Maker) -> None:
        """Counts only: the audit holds no code of a diagnosis."""
        counts = {"both": len(found.both), "onlyFirst": len(found.only_first), "onlySecond": len(found.only_second)}
        entry = AuditEntry(
            tenant=coding.tenant,
            event=EVENT,
            action=Action.CREATE,
            success=Success.DONE,
            agent=Agent(AgentKind.PERSON, maker.person.id, maker.person.issuer),
            patient=coding.patient_reference,
            entities=(coding.encounter_reference,) if coding.encounter_reference else (),
            request_id=maker.request_id,
            address=maker.address,
            detail={"coding": coding.id} | {name: str(count) for name, count in counts.items()},
        )
        self._audit.append(session.connection(), entry)

    def _value(self, row: SecondReviewRow, coding: CodedEncounterRow, review: ReviewRow) -> SecondReview:
        coder = Someone(row.coder_id, row.coder_issuer, self._cipher.open(row.coder_name))
        until = datetime.fromtimestamp(row.locked_until_s, UTC)
        return SecondReview(
            coding_id=coding.id,
            ehr=coding.ehr,
            encounter_reference=coding.encounter_reference,
            patient_reference=coding.patient_reference,
            service_date=coding.service_date,
            drawn_at=utc(row.drawn_at),
            state=SecondState(row.state),
            coder=coder if coder.id else None,
            until=until if until > self._now() else None,
            first=tuple(row.first),
            second=tuple(row.codes),
            completed_at=utc(row.completed_at) if row.completed_at else None,
            review_state=State(review.state),
            is_superseded=bool(review.superseded_by),
        )


def drawn(key: int, coding: Values) -> Values:
    """The row of a coding that was drawn when it was made; the coding's own row has the ``key`` and the values ``coding``."""
    return {
        "tenant": coding["tenant"],
        "coded_encounter": key,
        "drawn_at": coding["created_at"],
        "state": SecondState.WAITING.value,
        "coder_id": "",
        "coder_issuer": "",
        "coder_name": None,
        "locked_until_s": 0,
        "first": [],
        "codes": [],
        "completed_at": None,
    }


def _joined(tenant: str) -> Select[SecondReviewRow, CodedEncounterRow, ReviewRow]:
    row, coding, review = SecondReviewRow, CodedEncounterRow, ReviewRow
    query = select(row, coding, review).join(coding, row.coded_encounter == coding.key).join(review, review.coded_encounter == coding.key)
    return query.where(row.tenant == tenant, coding.tenant == tenant, review.tenant == tenant)


def _held(session: Session, tenant: str, coding_id: str) -> tuple[SecondReviewRow, CodedEncounterRow]:
    """Both rows, the first kept from others until the transaction ends."""
    row, coding = SecondReviewRow, CodedEncounterRow
    query = select(row, coding).join(coding, row.coded_encounter == coding.key)
    query = query.where(row.tenant == tenant, coding.tenant == tenant, coding.id == coding_id)
    found = session.execute(query.with_for_update(of=row)).first()
    if found is None:
        raise ResourceUnknown("there is no second review of that coding")
    return found[0], found[1]


def _coder(row: SecondReviewRow) -> Someone:
    return Someone(row.coder_id, row.coder_issuer)


def _lying(within: Within) -> Iterator[ColumnElement[bool]]:
    row = CodedEncounterRow
    columns = ((row.ehr, within.ehr), (row.patient_reference, within.patient), (row.encounter_reference, within.encounter))
    return (column == value for column, value in columns if value)
