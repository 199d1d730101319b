"""What is written to the EHR after a coding was made: each attempt with its receipt, so that the next one knows what stands there."""

from __future__ import annotations

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from fhir_coder.exchange import Resource
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.rows import PartRows
from fhir_coder.store.tables import CodedEncounterRow, ReceiptRow


class Deliveries:
    """Over one database."""

    def __init__(self, engine: Engine, cipher: Cipher) -> None:
        self._engine = engine.execution_options(writes=True)
        self._cipher = cipher

    def keep(self, tenant: str, coding_id: str, bundle: Resource, receipt: Resource) -> None:
        """Add what was sent and what the EHR answered; nothing for a coding that is not there any more."""
        coding, row = CodedEncounterRow, ReceiptRow
        with Session(self._engine) as session, session.begin():
            key = session.scalar(select(coding.key).where(coding.tenant == tenant, coding.id == coding_id))
            if key is None:
                return
            last = session.scalar(select(func.max(row.delivery)).where(row.tenant == tenant, row.coded_encounter == key)) or 0
            session.add_all(PartRows(tenant, key, self._cipher).delivered(last + 1, bundle, receipt))
