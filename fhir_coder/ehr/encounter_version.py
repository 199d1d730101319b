"""What bears on the codes of an encounter, as one hash that changes when it does: its class, day and patient, and the notes that are to be read.

A note counts by what its attachments say of their bytes (http://hl7.org/fhir/R4/datatypes.html#attachment): the hash, or the bytes themselves where they
stand inline. Where neither does, its version stands for them, or the moment of its last change, or its own date; and their size and date of creation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from fhir_coder.ehr.moments import UNDATED, moment
from fhir_coder.ehr.references import address_of, literal
from fhir_coder.ehr.selection import document_date
from fhir_coder.exchange import Resource


def version_of(encounter: Resource, documents: Sequence[Resource]) -> str:
    """The hash of what bears on the codes."""
    coding = encounter.get("class", {})
    start = encounter.get("period", {}).get("start", "")[:10]
    facts = [coding.get("system", ""), coding.get("code", ""), start, literal(encounter.get("subject"))]
    return _hash([facts, sorted(_document(one) for one in documents)])


def hash_of(resource: Resource) -> str:
    """The hash of a whole resource, whatever the order of its elements."""
    return _hash(resource)


def signed_by(documents: Iterable[Resource], now: datetime) -> datetime | None:
    """When the last of the notes was changed, as the EHR says, or made: R4 has no element for the moment of a signature. None where one of them does not
    say; a moment to come is taken for now, as clocks differ."""
    moments = [_last_change(one) for one in documents]
    return None if not moments or UNDATED in moments else min(max(moments), now)


def _last_change(document: Resource) -> datetime:
    """Of a day without a time nothing follows: it begins with the day."""
    date = document_date(document)
    return max(moment(document.get("meta", {}).get("lastUpdated", "")), moment(date) if len(date) > 10 else UNDATED)


def _document(document: Resource) -> list[str]:
    """Its address, status and relations, and what stands for its bytes."""
    attachments = [*(one.get("attachment", {}) for one in document.get("content", ())), *document.get("presentedForm", ())]
    marks = [_bytes(one) for one in attachments]
    meta = document.get("meta", {})
    version = "" if marks and all(marks) else meta.get("versionId", "") or meta.get("lastUpdated", "") or document_date(document)
    relations = [json.dumps(one, sort_keys=True, default=str) for one in document.get("relatesTo", ())]
    named = [address_of(document), document.get("status", ""), document.get("docStatus", "")]
    return [*named, *relations, version, *(mark or _outside(one) for mark, one in zip(marks, attachments, strict=True))]


def _outside(attachment: Resource) -> str:
    """Where its bytes lie, and what else it says of them."""
    told = [f"{name} {attachment[name]}" for name in ("size", "creation") if name in attachment]
    return " ".join([attachment.get("url", ""), *told])


def _bytes(attachment: Resource) -> str:
    """What tells these bytes from others, or empty."""
    if attachment.get("hash"):
        return f"hash {attachment['hash']}"
    return _hash(attachment["data"]) if attachment.get("data") else ""


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode(errors="surrogatepass")).hexdigest()
