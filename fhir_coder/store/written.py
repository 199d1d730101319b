"""What earlier codings of an encounter, and the signatures under them, wrote: each line of their receipts beside the resource that it answers to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal

from sqlalchemy import Row, Select, and_, select

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.cipher import Cipher, Sealed
from fhir_coder.store.records import StoredWrite
from fhir_coder.store.tables import CodedEncounterRow, ProposalRow, ReceiptRow


def written_query(tenant: str, ehr: str, encounter_reference: str) -> Select[str, str, Sealed | None, str | None]:
    """Receipt lines that name an address, oldest first; the proposal is absent for lines about resources of earlier codings."""
    columns = ("coded_encounter", "delivery", "position")
    same_place = and_(*(getattr(ProposalRow, name) == getattr(ReceiptRow, name) for name in columns))
    return (
        select(ReceiptRow.status, ReceiptRow.location, ProposalRow.content, ProposalRow.outline)
        .join(CodedEncounterRow, CodedEncounterRow.key == ReceiptRow.coded_encounter)
        .outerjoin(ProposalRow, same_place)
        .where(
            ReceiptRow.tenant == tenant,
            CodedEncounterRow.tenant == tenant,
            CodedEncounterRow.ehr == ehr,
            CodedEncounterRow.encounter_reference == encounter_reference,
            ReceiptRow.location != "",
        )
        .order_by(ReceiptRow.coded_encounter, ReceiptRow.delivery, ReceiptRow.position)
    )


def stored_writes(lines: Iterable[Row[str, str, Sealed | None, str | None]], cipher: Cipher) -> Iterator[StoredWrite]:
    """Rows as values; a resource that was kept without a key lacks the places for free text."""
    for status, location, content, outline in lines:
        text = _opened(content, cipher) or outline
        yield StoredWrite(json.loads(text, parse_float=Decimal) if text else None, status, location)


def _opened(content: Sealed | None, cipher: Cipher) -> str:
    """What no key opens any more is forgotten: coding goes on, as carefully as without memory."""
    try:
        return cipher.open(content)
    except ConfigurationError:
        return ""
