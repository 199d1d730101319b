"""Cases as data: a JSON object becomes an EditCase, with a note read in the simplest way when it has one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from fhir_coder.edits.case import EditCase
from fhir_coder.model import (
    Assertion,
    Assertions,
    Authority,
    CodeAssignment,
    CodedEncounter,
    Encounter,
    Evidence,
    Experiencer,
    Mention,
    Mentions,
    Note,
    Patient,
    Presence,
    RecordedDiagnosis,
    Rejection,
    RejectionReason,
    Section,
    SectionKind,
    Sections,
    ServiceLine,
    Temporality,
    UnreadableNote,
)
from terminology.release import Catalogue, Release

Row = dict[str, Any]
CaseBuilder = Callable[[Row], EditCase]
CODED_KEYS = {
    "note",
    "evidence",
    "asserted",
    "uncoded",
    "unreadable",
    "conflicts",
    "coverage",
    "provider",
    "reference",
    "claimed",
    "authority",
    "signed",
    "recorded",
    "rejected",
    "sections",
}


def _date(row: Row, key: str) -> date | None:
    return date.fromisoformat(row[key]) if key in row else None


def _sentence(text: str, start: int) -> tuple[int, int]:
    for found in re.finditer(r"[^.\n]+[.\n]?", text):
        if found.start() <= start < found.end():
            return found.start(), found.end()
    return 0, len(text)


def _section(row: Row, words: str) -> SectionKind:
    """Where the row says that words stand; the body where it says nothing."""
    return SectionKind(row.get("sections", {}).get(words, "body"))


def _evidence(row: Row, note: Note, words: str) -> Evidence:
    start = note.text.index(words)
    return Evidence(note.id, start, start + len(words), words, note.sha256, _section(row, words))


def _mention(row: Row, note: Note, words: str, codes: list[str]) -> Mention:
    start = note.text.index(words)
    low, high = _sentence(note.text, start)
    return Mention(note.id, start, start + len(words), words, _section(row, words), low, high, tuple(codes), ("test",))


def _assertions(row: Row, note: Note) -> Iterator[Assertion]:
    told = {one["words"] for one in row.get("asserted", ())}
    for code, words in row.get("evidence", {}).items():
        if words not in told:
            yield Assertion(_mention(row, note, words, [code]))
    for one in row.get("asserted", ()):
        yield Assertion(
            _mention(row, note, one["words"], one["codes"]),
            Presence(one.get("presence", "present")),
            Experiencer(one.get("experiencer", "patient")),
            temporality=Temporality(one.get("temporality", "current")),
            cues=tuple(one.get("cues", ())),
        )


def build_encounter(row: Row, note: Note) -> Encounter:
    return Encounter(
        id="e1",
        notes=(note,),
        patient=Patient(birth_date=_date(row, "birthDate"), gender=row.get("gender", "")),
        service_date=_date(row, "serviceDate"),
        unreadable=tuple(UnreadableNote(one, "undecodable") for one in row.get("unreadable", ())),
        coverage=row.get("coverage", ""),
        provider=row.get("provider", ""),
        services=_services(row) or (),
        conflicts=tuple(row.get("conflicts", ())),
        reference=row.get("reference", ""),
        recorded=tuple(RecordedDiagnosis(**one) for one in row.get("recorded", ())),
        is_claimed=any(row.get(key) for key in ("reference", "coverage", "provider", "claimed")),
    )


def _services(row: Row) -> tuple[ServiceLine, ...] | None:
    if "services" not in row:
        return None
    return tuple(
        ServiceLine(
            "http://www.ama-assn.org/go/cpt", one["code"], "Procedure/1", tuple(one.get("reasons", ())), tuple(one.get("references", ()))
        )
        for one in row["services"]
    )


def build_coded(row: Row, release: Release) -> CodedEncounter:
    note = Note("n1", row.get("note", ""), authority=Authority(row.get("authority", "provider")), is_signed=row.get("signed", True))
    sections = Sections(build_encounter(row, note), (Section("n1", SectionKind.BODY, "", 0, 0, len(note.text)),))
    assertions = tuple(_assertions(row, note))
    mentions = Mentions(sections, tuple(one.mention for one in assertions))
    words = row.get("evidence", {})
    probabilities = row.get("probabilities", {})
    assignments = tuple(
        CodeAssignment(code, code, probabilities.get(code, 0.99), rank, (_evidence(row, note, words[code]),) if code in words else ())
        for rank, code in enumerate(row["codes"], 1)
    )
    uncoded = tuple(_evidence(row, note, one) for one in row.get("uncoded", ()))
    rejected = tuple(
        Rejection(code, code, RejectionReason(reason), (_evidence(row, note, words[code]),) if code in words else ())
        for code, reason in row.get("rejected", {}).items()
    )
    return CodedEncounter(Assertions(mentions, assertions), release.id, assignments, rejected, uncoded)


def _releases(row: Row, catalogue: Catalogue) -> Catalogue:
    """Releases of the dates (and with the caveat) that the row names, all with the codes of the embedded one; without any, that alone."""
    known = catalogue.get("2026-04-01")
    named = [
        replace(known, id=one["from"], effective_from=_date(one, "from"), effective_to=_date(one, "to"), caveat=one.get("caveat", ""))
        for one in row.get("releases", ())
    ]
    return Catalogue(named or [known])


@pytest.fixture(scope="session")
def build_case(catalogue: Catalogue) -> CaseBuilder:
    """Make an EditCase of a row; the release is chosen by its serviceDate."""

    def build(row: Row) -> EditCase:
        choice = _releases(row, catalogue).for_date(_date(row, "serviceDate"))
        return EditCase(
            codes=tuple(row["codes"]),
            birth_date=_date(row, "birthDate"),
            gender=row.get("gender", ""),
            service_date=_date(row, "serviceDate"),
            release=choice.release,
            release_status=choice.status,
            coded=build_coded(row, choice.release) if CODED_KEYS & row.keys() else None,
            services=_services(row),
        )

    return build
