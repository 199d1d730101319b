"""Encounters as lines of JSON: what ``fhir-coder code``, ``check`` and ``evaluate`` read and write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fhir_coder.errors import InvalidContent
from fhir_coder.exchange import ReleaseUse
from fhir_coder.model import Disposition, Encounter, Evidence, Finding, Note, Patient
from fhir_coder.querying import query_text

_GENDERS = frozenset({"", "male", "female", "other", "unknown"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an input file: its number (from 1) and its object, or why it cannot be used."""

    number: int
    value: dict[str, Any]
    problem: str = ""


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a file; blank ones are skipped, bad ones carry their problem and stop nothing."""
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            if raw.strip():
                yield _line(number, raw)


def _line(number: int, raw: bytes) -> Line:
    try:
        value = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Line(number, {}, "not UTF-8")
    except (ValueError, RecursionError):
        return Line(number, {}, "not JSON")
    return Line(number, value) if isinstance(value, dict) else Line(number, {}, "not a JSON object")


def encounter_from(row: dict[str, Any], number: int) -> Encounter:
    """An encounter of one plain-text note; raises InvalidContent with the field that is wrong."""
    text = row.get("text")
    if not isinstance(text, str) or not text.strip():
        raise InvalidContent("text is missing or empty")
    name = str(row.get("id", number))
    patient = Patient(birth_date=date_field(row, "birthDate"), gender=gender_field(row))
    note_type = row.get("noteType", "")
    if not isinstance(note_type, str):
        raise InvalidContent("noteType is not a string")
    note = Note(id="note-1", text=text.replace("\r\n", "\n").replace("\r", "\n"), type_code=note_type)
    return Encounter(id=name, notes=(note,), patient=patient, service_date=date_field(row, "serviceDate"))


def date_field(row: dict[str, Any], name: str) -> date | None:
    """A calendar date (YYYY-MM-DD) or None when absent."""
    raw = row.get(name)
    if raw is None or raw == "":
        return None
    try:
        return date.fromisoformat(raw)
    except (TypeError, ValueError):
        raise InvalidContent(f"{name} is not a date (YYYY-MM-DD)") from None


def gender_field(row: dict[str, Any]) -> str:
    """A FHIR administrative gender or empty."""
    raw = row.get("gender") or ""
    if raw not in _GENDERS:
        raise InvalidContent("gender is not one of male, female, other, unknown")
    return raw


def codes_field(row: dict[str, Any]) -> tuple[str, ...]:
    """The ``codes`` of a line, in the order given."""
    codes = row.get("codes")
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise InvalidContent("codes is not a list of strings")
    return tuple(codes)


def coded_line(name: str, disposition: Disposition, release: ReleaseUse, risk: dict[str, Any] | None = None) -> dict[str, Any]:
    """The output line of ``fhir-coder code``; ``release`` says which service dates the codes hold for, ``risk`` is the risk report or None."""
    coded = disposition.report.coded
    return {
        "id": name,
        "disposition": disposition.outcome.value,
        "reasons": [{"code": reason.code, "text": reason.text} for reason in disposition.reasons],
        "codes": [
            {
                "code": one.code,
                "display": one.display,
                "probability": one.probability,
                "rank": one.rank,
                "disposition": outcome.value,
                "evidence": [_span(evidence) for evidence in one.evidence],
                "explanation": one.explanation,
            }
            for one, outcome in zip(coded.assignments, disposition.by_code, strict=True)
        ],
        "rejected": [{"code": one.code, "reason": one.reason.value} for one in coded.rejected],
        "uncoded": [_span(evidence) for evidence in coded.uncoded],
        "findings": [finding_object(finding) | query_part(finding, coded.encounter) for finding in disposition.report.shown],
        "release": {
            "id": release.id,
            "from": release.effective_from.isoformat(),
            "to": release.effective_to.isoformat(),
            "status": release.status,
            **({"caveat": release.caveat} if release.caveat else {}),
        },
        **({"risk": risk} if risk else {}),
    }


def finding_object(finding: Finding) -> dict[str, Any]:
    """One finding as the command line prints it."""
    return {
        "edit": finding.edit,
        "name": finding.name,
        "severity": finding.severity.value,
        "codes": list(finding.codes),
        "detail": finding.detail,
    }


def query_part(finding: Finding, encounter: Encounter) -> dict[str, Any]:
    """The question of a finding to the provider; empty where it asks none. ``text`` is what is sent, ``forCoders`` never is."""
    query = finding.query
    if query is None:
        return {}
    asked = {
        "text": query_text(query, encounter.notes, encounter.service_date),
        "question": query.question,
        "indicators": [_span(one) for one in query.indicators],
        "options": [one.text for one in query.options],
        "forCoders": [{"option": one.text, "leadsTo": list(one.leads_to)} for one in query.options if one.leads_to],
    }
    return {"query": asked}


def _span(evidence: Evidence) -> dict[str, Any]:
    return {"start": evidence.start, "end": evidence.end, "text": evidence.text}
