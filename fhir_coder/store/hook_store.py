"""What CDS Hooks need of the store: a quick look at the newest coding of an encounter, and which tokens were used, across all workers."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256

from sqlalchemy import BigInteger, Engine, String, UniqueConstraint, delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from fhir_coder.cds_hooks.tally import Tally
from fhir_coder.model import Outcome, Severity
from fhir_coder.store.tables import AssignmentRow, CodedEncounterRow, FindingRow, Table


class UsedTokenRow(Table):
    """A token that was used: ``token_sha256`` is the hash of who made it and its id; forgotten after ``until_s`` (epoch seconds)."""

    __tablename__ = "used_token"
    __table_args__ = (UniqueConstraint("tenant", "token_sha256"),)

    token_sha256: Mapped[str] = mapped_column(String(64))
    until_s: Mapped[int] = mapped_column(BigInteger, index=True)


class HookStore:
    """``now`` tells epoch seconds. Safe to share between threads."""

    def __init__(self, engine: Engine, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._now = now

    def first_use(self, tenant: str, issuer: str, token_id: str, until: float) -> bool:
        """Whether a token was not used before; from now to ``until`` it was. Two calls at the same moment: the database lets one be first."""
        name = sha256(f"{len(issuer)} {issuer} {token_id}".encode("utf-8", "surrogatepass")).hexdigest()
        try:
            with self._writing.begin() as connection:
                connection.execute(delete(UsedTokenRow).where(UsedTokenRow.until_s < int(self._now())))
                connection.execute(insert(UsedTokenRow).values(tenant=tenant, token_sha256=name, until_s=int(until) + 1))
        except IntegrityError:
            return False
        return True

    def tally(self, tenant: str, ehr: str, encounter_reference: str) -> Tally | None:
        """The counts of the newest coding of an EHR's encounter, if it is the tenant's."""
        row = CodedEncounterRow
        newest = (
            select(row.key, row.id, row.patient_reference)
            .where(row.tenant == tenant, row.ehr == ehr, row.encounter_reference == encounter_reference)
            .order_by(row.key.desc())
            .limit(1)
        )
        with Session(self._engine) as session:
            found = session.execute(newest).first()
            if found is None:
                return None
            of_tenant = AssignmentRow.tenant == tenant, AssignmentRow.coded_encounter == found.key
            by_outcome = select(AssignmentRow.disposition, func.count()).where(*of_tenant).group_by(AssignmentRow.disposition)
            counts = {line[0]: line[1] for line in session.execute(by_outcome)}
            blocking = select(func.count()).where(
                FindingRow.tenant == tenant, FindingRow.coded_encounter == found.key, FindingRow.severity == Severity.BLOCKING.value
            )
            return Tally(
                found.id,
                found.patient_reference,
                sum(counts.values()),
                counts.get(Outcome.REVIEW.value, 0),
                session.scalar(blocking) or 0,
            )
