"""What earlier codings of an encounter, and the signatures under them, wrote: each line of their receipts beside the resource that it answers to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select

from fhir_coder.arrival import ABSENT, BEGUN, PRESENT, UNANSWERED
from fhir_coder.errors import ConfigurationError
from fhir_coder.store.cipher import Cipher, Sealed
from fhir_coder.store.records import StoredWrite
from fhir_coder.store.tables import CodedEncounterRow, ProposalRow, ReceiptRow


def of_encounter(tenant: str, ehr: str, encounter_reference: str, coding_id: str) -> tuple[ColumnElement[bool], ...]:
    """Of all codings of an encounter; of that coding alone where the encounter has no reference."""
    coding = CodedEncounterRow
    same = (coding.ehr == ehr, coding.encounter_reference == encounter_reference) if encounter_reference else (coding.id == coding_id,)
    return (coding.tenant == tenant, *same)


def written_query(tenant: str, ehr: str, encounter_reference: str, coding_id: str = "") -> Select[str, str, Sealed | None, str | None]:
    """Receipt lines that name an address or leave open whether anything was written, oldest first; the proposal is absent for lines about resources of
    earlier codings."""
    columns = ("coded_encounter", "delivery", "position")
    same_place = and_(*(getattr(ProposalRow, name) == getattr(ReceiptRow, name) for name in columns))
    return (
        select(ReceiptRow.status, ReceiptRow.location, ProposalRow.content, ProposalRow.outline)
        .join(CodedEncounterRow, CodedEncounterRow.key == ReceiptRow.coded_encounter)
        .outerjoin(ProposalRow, same_place)
        .where(
            ReceiptRow.tenant == tenant,
            *of_encounter(tenant, ehr, encounter_reference, coding_id),
            or_(ReceiptRow.location != "", *(ReceiptRow.status.startswith(one) for one in (BEGUN, UNANSWERED, ABSENT, PRESENT))),
        )
        .order_by(ReceiptRow.coded_encounter, ReceiptRow.delivery, ReceiptRow.position)
    )


def stored_writes(lines: Iterable[Row[str, str, Sealed | None, str | None]], cipher: Cipher) -> Iterator[StoredWrite]:
    """Rows as values; a resource that was kept without a key lacks the places for free text."""
    for status, location, content, outline in lines:
        text = opened_text(content, cipher) or outline
        yield StoredWrite(json.loads(text, parse_float=Decimal) if text else None, status, location)


def opened_text(content: Sealed | None, cipher: Cipher) -> str:
    """What no key opens any more is forgotten: coding goes on, as carefully as without memory."""
    try:
        return cipher.open(content)
    except ConfigurationError:
        return ""
