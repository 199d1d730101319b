"""Whether a tenant's encounters may pass: not once second reviews agree too little with what passed, until somebody lifts that.

It is kept in the database, so that it holds for the next encounter in every process, and latched: nothing but a person's word lets encounters pass
again, and only second reviews that were done after it count then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, RowMapping, bindparam, select
from sqlalchemy.orm import Session

from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.errors import Conflict
from fhir_coder.sample_settings import AuditSample
from fhir_coder.store.audit import AuditLog, now_utc
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.review_rows import utc
from fhir_coder.store.second_review_tables import PassingRow, SecondReviewRow
from fhir_coder.worklist.agreement import Agreement, agreement, compare
from fhir_coder.worklist.second_review import SecondState

SUSPENDING = "suspend-passing"
LIFTING = "lift-suspension"


@dataclass(frozen=True, slots=True)
class Turn:
    """When encounters were stopped from passing, or let pass again. ``count``, ``on_codes`` and ``floor`` are what it was judged by; ``person_id`` and
    ``reason`` are of who let them pass again."""

    at: datetime
    is_suspended: bool
    count: int
    on_codes: float
    floor: float
    person_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a tenant stands: the agreement of the newest second reviews that count, and the last turn, None where there was none."""

    agreement: Agreement
    turn: Turn | None = None

    @property
    def is_suspended(self) -> bool:
        """Whether nothing may pass."""
        return self.turn is not None and self.turn.is_suspended


class Passing:
    """Over one database; ``audit`` is its log, ``now`` tells the time (aware)."""

    def __init__(self, engine: Engine, cipher: Cipher, audit: AuditLog, now: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._cipher = cipher
        self._audit = audit
        self._now = now

    def judge(self, tenant: str, rule: AuditSample) -> Standing:
        """How the tenant stands now; where it has fallen below the floor, that is kept with its event before it is told."""
        with self._engine.connect() as connection:
            standing = self._standing(connection, tenant, rule)
        if standing.is_suspended or not standing.agreement.is_below(rule.floor, rule.least):
            return standing
        with Session(self._writing) as session, session.begin():
            self._audit.take_turn(session.connection(), tenant)
            standing = self._standing(session.connection(), tenant, rule)
            if standing.is_suspended or not standing.agreement.is_below(rule.floor, rule.least):
                return standing
            self._add(session, tenant, standing.agreement, rule, Agent(AgentKind.SOFTWARE))
            session.flush()
            return self._standing(session.connection(), tenant, rule)

    def lift(self, tenant: str, reason: str, agent: Agent, rule: AuditSample, request_id: str = "", address: str = "") -> None:
        """Let encounters pass again. Raises Conflict where they may."""
        with Session(self._writing) as session, session.begin():
            self._audit.take_turn(session.connection(), tenant)
            standing = self._standing(session.connection(), tenant, rule)
            if not standing.is_suspended:
                raise Conflict("encounters may pass: there is nothing to lift")
            self._add(session, tenant, standing.agreement, rule, agent, reason, request_id, address)

    def turns(self, tenant: str) -> tuple[Turn, ...]:
        """Every turn of a tenant, the newest first."""
        row = PassingRow
        with self._engine.connect() as connection:
            found = connection.execute(select(row).where(row.tenant == tenant).order_by(row.key.desc()))
            return tuple(self._turn(one) for one in found.mappings())

    def _standing(self, connection: Connection, tenant: str, rule: AuditSample) -> Standing:
        last = connection.execute(_LAST_TURN, {"tenant": tenant}).mappings().first()
        turn, since = self._turn(last) if last else None, None
        if turn:
            since = self._lifted_at(connection, tenant) if turn.is_suspended else turn.at
        return Standing(agreement(compare(first, second) for first, second in _newest(connection, tenant, since, rule.window)), turn)

    def _lifted_at(self, connection: Connection, tenant: str) -> datetime | None:
        row = PassingRow
        query = select(row.at).where(row.tenant == tenant, row.is_suspended.is_(False)).order_by(row.key.desc()).limit(1)
        found = connection.scalar(query)
        return utc(found) if found else None

    def _add(
        self,
        session: Session,
        tenant: str,
        judged: Agreement,
        rule: AuditSample,
        agent: Agent,
        reason: str = "",
        request_id: str = "",
        address: str = "",
    ) -> None:
        """A turn with its event. A person's turn lets encounters pass, ours stops them."""
        is_ours = agent.kind is AgentKind.SOFTWARE
        session.add(
            PassingRow(
                tenant=tenant,
                at=self._now().astimezone(UTC),
                is_suspended=is_ours,
                count=judged.count,
                agreement=judged.on_codes or 0.0,
                floor=rule.floor,
                person_id=agent.id,
                person_issuer=agent.issuer,
                reason=self._cipher.seal(reason),
            )
        )
        detail = {"reviews": str(judged.count), "agreement": f"{judged.on_codes or 0.0:.4f}", "floor": str(rule.floor), "reason": reason}
        event = SUSPENDING if is_ours else LIFTING
        told = {name: value for name, value in detail.items() if value}
        entry = AuditEntry(tenant, event, Action.UPDATE, Success.DONE, agent, request_id=request_id, address=address, detail=told)
        self._audit.append(session.connection(), entry)

    def _turn(self, row: RowMapping) -> Turn:
        reason = self._cipher.open(row["reason"])
        values = (utc(row["at"]), row["is_suspended"], row["count"], row["agreement"], row["floor"])
        return Turn(*values, row["person_id"], reason)


# These two are asked for every encounter, and made once: to make them takes longer than to carry them out.
_LAST_TURN = select(PassingRow).where(PassingRow.tenant == bindparam("tenant")).order_by(PassingRow.key.desc()).limit(1)
_DONE = (
    select(SecondReviewRow.first, SecondReviewRow.codes)
    .where(SecondReviewRow.tenant == bindparam("tenant"), SecondReviewRow.state == SecondState.DONE.value)
    .order_by(SecondReviewRow.completed_at.desc(), SecondReviewRow.key.desc())
    .limit(bindparam("most"))
)


def _newest(connection: Connection, tenant: str, since: datetime | None, most: int) -> Sequence[tuple[list[str], list[str]]]:
    """The codes of the newest second reviews done after a moment."""
    query = _DONE.where(SecondReviewRow.completed_at > since) if since else _DONE
    return [(one.first, one.codes) for one in connection.execute(query, {"tenant": tenant, "most": most})]
