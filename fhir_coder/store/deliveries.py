"""What is written to the EHR after a coding was made: each attempt before it begins and with its receipt, so that the next one knows what stands there."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy import Engine, and_, delete, func, select
from sqlalchemy.orm import Session

from fhir_coder.arrival import ABSENT, BEGUN, PRESENT, UNANSWERED
from fhir_coder.exchange import Resource
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.inserting import insert_parts, owned
from fhir_coder.store.records import StoredWrite
from fhir_coder.store.rows import PartRows
from fhir_coder.store.tables import CodedEncounterRow, ProposalRow, ReceiptRow
from fhir_coder.store.written import of_encounter, opened_text, stored_writes, written_query

_OPEN = (BEGUN, UNANSWERED)


class Deliveries:
    """Over one database."""

    def __init__(self, engine: Engine, cipher: Cipher) -> None:
        self._engine = engine.execution_options(writes=True)
        self._cipher = cipher

    def begin(self, tenant: str, coding_id: str, bundle: Resource, begun: Resource) -> int:
        """Add what is about to be sent; ``begun`` is its receipt as long as there is no other. Gives the number of the delivery for :meth:`keep`; 0 for a
        coding that is not there any more."""
        with Session(self._engine) as session, session.begin():
            return self._added(session, tenant, coding_id, bundle, begun)

    def keep(self, tenant: str, coding_id: str, bundle: Resource, receipt: Resource, number: int = 0) -> None:
        """Add what was sent and what the EHR answered, in the place of what was begun under ``number``; nothing for a coding that is not there any more."""
        row = ReceiptRow
        with Session(self._engine) as session, session.begin():
            key = _key(session, tenant, coding_id)
            if key is None:
                return
            if not number:
                self._added(session, tenant, coding_id, bundle, receipt)
                return
            session.execute(delete(row).where(row.tenant == tenant, row.coded_encounter == key, row.delivery == number))
            insert_parts(session.connection(), owned(PartRows(tenant, self._cipher).delivered(number, {}, receipt), key))

    def of_coding(self, tenant: str, coding_id: str) -> tuple[StoredWrite, ...]:
        """What was sent for one coding, by its own id: a question has no other to go by where the encounter has no reference."""
        with Session(self._engine) as session:
            return tuple(stored_writes(session.execute(written_query(tenant, "", "", coding_id)), self._cipher))

    def resolve(
        self, tenant: str, ehr: str, encounter_reference: str, coding_id: str, is_meant: Callable[[Resource], bool], is_there: bool
    ) -> int:
        """Write down what a person found at the EHR of resources of which no answer is known; how many there were."""
        columns, found = ("coded_encounter", "delivery", "position"), 0
        same_place = and_(*(getattr(ProposalRow, name) == getattr(ReceiptRow, name) for name in columns))
        query = (
            select(ReceiptRow, ProposalRow)
            .join(CodedEncounterRow, CodedEncounterRow.key == ReceiptRow.coded_encounter)
            .join(ProposalRow, same_place)
            .where(ReceiptRow.tenant == tenant, *of_encounter(tenant, ehr, encounter_reference, coding_id), ReceiptRow.location == "")
        )
        with Session(self._engine) as session, session.begin():
            for line, proposal in session.execute(query):
                text = opened_text(proposal.content, self._cipher) or proposal.outline
                if line.status.startswith(_OPEN) and text and is_meant(json.loads(text)):
                    line.status, found = PRESENT if is_there else ABSENT, found + 1
        return found

    def _added(self, session: Session, tenant: str, coding_id: str, bundle: Resource, receipt: Resource) -> int:
        key, row = _key(session, tenant, coding_id), ReceiptRow
        if key is None:
            return 0
        last = session.scalar(select(func.max(row.delivery)).where(row.tenant == tenant, row.coded_encounter == key)) or 0
        insert_parts(session.connection(), owned(PartRows(tenant, self._cipher).delivered(last + 1, bundle, receipt), key))
        return last + 1


def _key(session: Session, tenant: str, coding_id: str) -> int | None:
    coding = CodedEncounterRow
    return session.scalar(select(coding.key).where(coding.tenant == tenant, coding.id == coding_id))
