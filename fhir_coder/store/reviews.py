"""Reviews: decisions are added one at a time, by one person at a time, on what that person saw.

Two things keep several people from treading on each other. A lock tells the others who works on a review; it ends by itself when it is not used,
so that nothing stays locked behind a closed lid. And each decision names the version it was made on: whoever decides on an older one is told,
also where a lock was taken over meanwhile. A decision and its event of the audit are kept together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, select
from sqlalchemy.orm import Session

from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.errors import Conflict, ResourceUnknown
from fhir_coder.model import Severity
from fhir_coder.store.audit import AuditLog, now_utc
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.drafts import forget_draft
from fhir_coder.store.follow_up_tables import FollowUpRow
from fhir_coder.store.kept_proposals import KeptProposals
from fhir_coder.store.review_reading import history_of
from fhir_coder.store.review_rows import decision_row, rank, summarize
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
from fhir_coder.store.signed_lines import renew_line
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.worklist.decision import SOFTWARE, Act, Decision, Recorded, Someone
from fhir_coder.worklist.folding import advance, fold
from fhir_coder.worklist.following import Duty, Progress
from fhir_coder.worklist.review import Proposed, Review

LOCK_S = 15 * 60
"""Seconds that a review stays locked after its last use."""
_BESIDE = frozenset({Act.COMMENT, Act.ASSIGN})
"""What anybody may do while somebody else works on a review."""
_LETTING_GO = frozenset({Act.HOLD, Act.ASK, Act.SIGN_OFF})
"""After these there is nothing to work on for now."""
_SIGNING = frozenset({Act.SIGN_OFF, Act.REOPEN})
"""After these other codes are signed, or none."""
_EVENTS = {Act.SIGN_OFF: "sign-off"}


@dataclass(frozen=True, slots=True)
class Maker:
    """Who decides, and the request it came with, for the audit."""

    person: Someone
    request_id: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the edits say of the codes that stand: names of the findings that block, and the severities of all that are shown."""

    blocking: frozenset[str] = frozenset()
    severities: tuple[Severity, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """Who works on a review, and until when if nothing more is done (aware)."""

    holder: Someone
    until: datetime


@dataclass(frozen=True, slots=True)
class OpenedReview:
    """A review with all it rests on. ``lock`` is None while nobody works on it; for the rest see :class:`.review_tables.ReviewRow`."""

    proposed: Proposed
    history: tuple[Recorded, ...]
    review: Review
    lock: Lock | None
    superseded_by: str
    supersedes: str


class Reviews:
    """Over one database; ``audit`` is its log, ``now`` tells the time (aware). A review goes by the id of its coding."""

    def __init__(
        self, engine: Engine, cipher: Cipher, audit: AuditLog, now: Callable[[], datetime] = now_utc, lock_s: int = LOCK_S
    ) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._cipher = cipher
        self._audit = audit
        self._now = now
        self._lock_s = lock_s
        self._proposals = KeptProposals()

    def find(self, tenant: str, coding_id: str) -> OpenedReview | None:
        """The review of a coding, if it is the tenant's."""
        with Session(self._engine) as session:
            row = session.scalar(_row(tenant, coding_id))
            if row is None:
                return None
            proposed, history = self._proposals.of(session, _coding(session, row)), history_of(session, row, self._cipher)
            lock = lock_of(row, self._cipher, self._now())
            return OpenedReview(proposed, history, fold(proposed, history), lock, row.superseded_by, row.supersedes)

    def signatures(self, tenant: str, coding_id: str, sequence: int) -> int:
        """How often the encounter of a coding was signed, in any of its codings, up to a decision on this one; that decision included."""
        decision, review, coding = ReviewDecisionRow, ReviewRow, CodedEncounterRow
        with Session(self._engine) as session:
            row = session.scalar(_row(tenant, coding_id))
            if row is None:
                return 0
            own = _coding(session, row)
            this = (decision.tenant == tenant, decision.review == row.key, decision.sequence == sequence)
            key = session.scalar(select(decision.key).where(*this)) or 0
            count = select(func.count()).select_from(decision).join(review, decision.review == review.key)
            count = count.join(coding, review.coded_encounter == coding.key).where(
                decision.tenant == tenant, review.tenant == tenant, coding.tenant == tenant, *_same_encounter(own)
            )
            return session.scalar(count.where(decision.act == Act.SIGN_OFF.value, decision.key <= key)) or 0

    def is_last_signed(self, tenant: str, coding_id: str) -> bool:
        """Whether the last signature of the encounter, on whichever of its codings, was on this one."""
        decision, review, coding = ReviewDecisionRow, ReviewRow, CodedEncounterRow
        with Session(self._engine) as session:
            row = session.scalar(_row(tenant, coding_id))
            if row is None:
                return False
            own = _coding(session, row)
            signed = select(review.key).join(coding, review.coded_encounter == coding.key).join(decision, decision.review == review.key)
            signed = signed.where(decision.tenant == tenant, review.tenant == tenant, coding.tenant == tenant)
            signed = signed.where(decision.act == Act.SIGN_OFF.value, *_same_encounter(own)).order_by(decision.key.desc()).limit(1)
            return session.scalar(signed) == row.key

    def take(self, tenant: str, coding_id: str, maker: Maker) -> Lock:
        """Begin to work on a review, or go on. Raises Conflict while somebody else does, and ResourceUnknown for no review of the tenant."""
        with Session(self._writing) as session, session.begin():
            row = _held(session, tenant, coding_id)
            self._lock(row, maker.person)
            return Lock(maker.person, _moment(row.locked_until_s))

    def let_go(self, tenant: str, coding_id: str, maker: Maker) -> None:
        """Stop to work on a review; nothing where somebody else has taken over."""
        with Session(self._writing) as session, session.begin():
            row = _held(session, tenant, coding_id)
            if _holder(row).is_same(maker.person):
                _unlock(row)

    def decide(
        self,
        tenant: str,
        coding_id: str,
        version: int,
        decision: Decision,
        maker: Maker,
        checked: Checked | None = None,
        duties: Sequence[Duty] = (),
    ) -> Review:
        """Add a decision that was made on a version, and give back the review after it.

        ``checked`` is what the edits say of the codes after the decision; a sign-off needs it (ValueError). ``duties`` are what it brings about
        outside the review, kept with it and due from then on. Raises ResourceUnknown for no review of
        the tenant; Conflict where somebody else works on it, where it changed meanwhile and where its encounter was coded again; and as
        :func:`fhir_coder.worklist.folding.advance`. Nothing is kept then.
        """
        if decision.act is Act.SIGN_OFF and checked is None:
            raise ValueError("a sign-off needs to know the findings")
        with Session(self._writing) as session, session.begin():
            self._audit.take_turn(session.connection(), tenant)  # before the row: who deletes takes them in this order
            row = _held(session, tenant, coding_id)
            self._admit(row, version, decision.act, maker.person)
            return self._add(session, row, decision, maker, checked, duties)

    def decide_within(
        self,
        connection: Connection,
        tenant: str,
        coding_id: str,
        decisions: Callable[[Review], Sequence[Decision]],
        duties: Sequence[Duty] = (),
    ) -> bool:
        """The software decides in a transaction of the caller's, on the review as it stands then: ``decisions`` says what, ``duties`` are what a reopening among
        them brings about. Whether there were any: none on a review that is not there or whose encounter was coded again. Raises Conflict while a person works on
        it, and as :meth:`decide`."""
        self._audit.take_turn(connection, tenant)
        with Session(connection) as session:
            row = session.scalar(_row(tenant, coding_id).with_for_update(of=ReviewRow))
            if row is None or row.superseded_by:
                return False
            history = history_of(session, row, self._cipher)
            made = decisions(fold(self._proposals.of(session, _coding(session, row)), history))
            if made and lock_of(row, self._cipher, self._now()):
                raise Conflict("a person works on the review")
            for one in made:
                self._add(session, row, one, Maker(SOFTWARE), None, duties if one.act is Act.REOPEN else ())
            session.flush()
        return bool(made)

    def _add(
        self, session: Session, row: ReviewRow, decision: Decision, maker: Maker, checked: Checked | None, duties: Sequence[Duty]
    ) -> Review:
        """The decision with all that is kept with it."""
        coding = _coding(session, row)
        moment, person = self._now().astimezone(UTC), maker.person
        new = Recorded(row.version + 1, moment, person.id, person.issuer, person.name, decision)
        history = history_of(session, row, self._cipher)
        review = advance(self._proposals.of(session, coding), history, new, checked.blocking if checked else ())
        session.add(decision_row(row, new, self._cipher))
        session.add_all(_due(row, new, one) for one in duties)
        forget_draft(session.connection(), row.tenant, row.key, person, decision)
        summarize(row, review, self._cipher)
        row.changed_at = moment
        row.severity = rank(checked.severities) if checked else row.severity
        if decision.act in _LETTING_GO:
            _unlock(row)
        session.flush()
        if decision.act in _SIGNING:
            renew_line(session.connection(), row)
        self._tell(session, coding, new, maker)
        return review

    def _admit(self, row: ReviewRow, version: int, act: Act, person: Someone) -> None:
        """Whether this person may decide on this version now."""
        if row.superseded_by and act is not Act.COMMENT:
            raise Conflict("the encounter was coded again: decide on its newer coding")
        if act not in _BESIDE:
            self._lock(row, person)
        if row.version != version:
            raise Conflict(f"the review changed meanwhile (it is at version {row.version}, you saw {version}): look at it again")

    def _lock(self, row: ReviewRow, person: Someone) -> None:
        lock = lock_of(row, self._cipher, self._now())
        if lock and not lock.holder.is_same(person):
            raise Conflict(f"somebody else works on the review until {lock.until:%H:%M} UTC, or until they let it go")
        row.holder_id, row.holder_issuer, row.holder_name = person.id, person.issuer, self._cipher.seal(person.name)
        row.locked_until_s = int((self._now() + timedelta(seconds=self._lock_s)).timestamp())

    def _tell(self, session: Session, coding: CodedEncounterRow, new: Recorded, maker: Maker) -> None:
        """The decision, and each override by itself. The audit holds no code of a diagnosis: the version leads to the decision."""
        decision = new.decision
        said = {"coding": coding.id, "version": str(new.sequence), "act": decision.act.value}
        events = [(_EVENTS.get(decision.act, "decide"), said | {"reason": decision.reason})]
        events += [("override", said | {"edit": one.finding.split(" ")[0], "reason": one.reason}) for one in decision.overrides]
        for event, detail in events:
            entry = AuditEntry(
                tenant=coding.tenant,
                event=event,
                action=Action.UPDATE,
                success=Success.DONE,
                agent=_agent(maker.person),
                patient=coding.patient_reference,
                entities=(coding.encounter_reference,) if coding.encounter_reference else (),
                request_id=maker.request_id,
                address=maker.address,
                detail={name: value for name, value in detail.items() if value},
            )
            self._audit.append(session.connection(), entry)


def lock_of(row: ReviewRow, cipher: Cipher, now: datetime) -> Lock | None:
    """The lock of a row unless it is over."""
    until = _moment(row.locked_until_s)
    return Lock(_holder(row, cipher.open(row.holder_name)), until) if until > now else None


def _due(row: ReviewRow, recorded: Recorded, duty: Duty) -> FollowUpRow:
    now = int(recorded.at.timestamp())
    return FollowUpRow(
        tenant=row.tenant,
        review=row.key,
        sequence=recorded.sequence,
        kind=duty.kind.value,
        target=duty.target,
        progress=Progress.DUE.value,
        created_s=now,
        next_attempt_s=now,
        **dict.fromkeys(("attempts", "claimed_s", "settled_s"), 0),
        **dict.fromkeys(("detail", "reference"), ""),
    )


def _same_encounter(own: CodedEncounterRow) -> tuple[ColumnElement[bool], ...]:
    """Of all codings of the encounter of one."""
    coding = CodedEncounterRow
    if not own.encounter_reference:
        return (coding.key == own.key,)
    return coding.ehr == own.ehr, coding.encounter_reference == own.encounter_reference


def _row(tenant: str, coding_id: str) -> Select[ReviewRow]:
    review, coding = ReviewRow, CodedEncounterRow
    joined = select(review).join(coding, review.coded_encounter == coding.key)
    return joined.where(review.tenant == tenant, coding.tenant == tenant, coding.id == coding_id)


def _held(session: Session, tenant: str, coding_id: str) -> ReviewRow:
    """The row, kept from others until the transaction ends."""
    row = session.scalar(_row(tenant, coding_id).with_for_update(of=ReviewRow))
    if row is None:
        raise ResourceUnknown("there is no such review")
    return row


def _coding(session: Session, row: ReviewRow) -> CodedEncounterRow:
    coding = CodedEncounterRow
    return session.scalars(select(coding).where(coding.tenant == row.tenant, coding.key == row.coded_encounter)).one()


def _holder(row: ReviewRow, name: str = "") -> Someone:
    return Someone(row.holder_id, row.holder_issuer, name)


def _agent(person: Someone) -> Agent:
    return Agent(AgentKind.SOFTWARE) if person.is_same(SOFTWARE) else Agent(AgentKind.PERSON, person.id, person.issuer)


def _unlock(row: ReviewRow) -> None:
    row.holder_id, row.holder_issuer, row.holder_name, row.locked_until_s = "", "", None, 0


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
