"""What the index keeps of a line: which resource it is, how new, and which encounter or patient it belongs to. Whether it is valid FHIR is found when it is
used, by the strict reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_coder.ehr.references import literal, logical, tokens_of
from fhir_coder.fhir_id import FHIR_ID

LONGEST_LINE = 48 * 1024 * 1024
"""Bytes: an attachment of the largest size that is read, in base64, and what stands around it."""
OF_ENCOUNTER = {
    "DocumentReference": "encounter",
    "DiagnosticReport": "encounter",
    "Condition": "encounter",
    "Procedure": "encounter",
    "ChargeItem": "context",
}
"""Types that are looked for by their encounter, and the element that names it."""
OF_PATIENT = {"Coverage": "beneficiary", "Consent": "patient"}
"""Types that are looked for by their patient, and the element that names it."""
OF_PRACTITIONER = {"PractitionerRole": "practitioner"}
BY_ID = ("Encounter", "Patient", "Binary", "Practitioner", "Organization", "Account")
_NAMES = OF_ENCOUNTER | OF_PATIENT | OF_PRACTITIONER
USED = frozenset({*_NAMES, *BY_ID})
"""Types that coding has a use for; lines of others are passed over."""


@dataclass(frozen=True, slots=True)
class Facts:
    """``updated`` is ``meta.lastUpdated`` in epoch seconds, 0 where it is unknown; ``start`` an Encounter's first day, as FHIR wrote it, and ``subject`` its patient; ``parts_of`` are
    what :func:`target_of` makes of its references, ``tokens`` of an Encounter's identifiers."""

    type: str
    id: str
    updated: float = 0.0
    start: str = ""
    parts_of: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    subject: str = ""


class BadLine(ValueError):
    """Why a line is no resource, in our own words."""


def read_facts(line: bytes) -> Facts | None:
    """The facts of a line, None for a type that is not used. Raises BadLine, which quotes nothing."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        raise BadLine("not JSON") from None
    if not isinstance(content, dict):
        raise BadLine("not a JSON object")
    kind, resource_id = content.get("resourceType"), content.get("id")
    if not isinstance(kind, str) or not kind.isalpha():
        raise BadLine("no resourceType")
    if kind not in USED:
        return None
    if not isinstance(resource_id, str) or not FHIR_ID.fullmatch(resource_id):
        raise BadLine(f"{kind} without an id that can be one")
    try:
        facts = Facts(
            kind,
            resource_id,
            _updated(content),
            _start(content),
            tuple(dict.fromkeys(_parts_of(kind, content))),
            tuple(_tokens(kind, content)),
            literal(content.get("subject"), "Patient") if kind == "Encounter" else "",
        )
    except (AttributeError, TypeError):
        raise BadLine(f"{kind} with an element of another type than FHIR R4 has there") from None
    _require_letters(facts)
    return facts


def _require_letters(facts: Facts) -> None:
    """Raises BadLine for half a letter (a lone surrogate, which JSON can hold): no index takes it, and it is no string of FHIR R4."""
    try:
        "".join((facts.start, *facts.parts_of, *facts.tokens)).encode("utf-8")
    except UnicodeEncodeError:
        raise BadLine(f"{facts.type} with half a letter in an element that FHIR R4 has as text") from None


def target_of(reference: Any) -> str:
    """What a Reference names, as the index has it: ``Type/id``, else the business identifier; empty for neither."""
    token = logical(reference)
    return literal(reference) or (written_token(*token) if token else "")


def written_token(system: str, value: str) -> str:
    """A business identifier as the index has it."""
    return f"{system}|{value}"


def _updated(content: dict[str, Any]) -> float:
    written = content.get("meta", {}).get("lastUpdated", "")
    try:
        return datetime.fromisoformat(written).timestamp()
    except (ValueError, TypeError):
        return 0.0


def _start(content: dict[str, Any]) -> str:
    start = content.get("period", {}).get("start", "") if content["resourceType"] == "Encounter" else ""
    return start[:10] if isinstance(start, str) else ""


def _parts_of(kind: str, content: dict[str, Any]) -> Iterator[str]:
    is_document = kind == "DocumentReference"
    references = content.get("context", {}).get("encounter", ()) if is_document else [content.get(_NAMES.get(kind, ""))]
    yield from filter(None, map(target_of, references))


def _tokens(kind: str, content: dict[str, Any]) -> Iterator[str]:
    if kind == "Encounter":
        yield from (written_token(*one) for one in tokens_of(content))
