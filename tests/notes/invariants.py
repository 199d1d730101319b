"""What holds for every note that any reader returns, and for every refusal."""

from __future__ import annotations

from itertools import combinations

from fhir_coder.notes.canonical import NoteText, Unreadable, canonical
from fhir_coder.notes.formats import read_note

REASONS = frozenset(
    {"unsupported-type", "not-text", "no-text-layer", "encrypted", "undecodable", "malformed", "too-long", "empty", "unavailable"}
)


def read_or_refuse(data: bytes, content_type: str) -> NoteText | None:
    """Read; a note keeps what is promised of notes, a refusal what is promised of refusals, anything else is raised."""
    try:
        note = read_note(data, content_type)
    except Unreadable as refusal:
        assert refusal.reason in REASONS
        assert refusal.detail
        return None
    check_note(note)
    return note


def check_note(note: NoteText) -> None:
    assert canonical(note.text) == note.text
    assert any(character.isalnum() for character in note.text)
    note.text.encode("utf-8")
    starts = [hint.start for hint in note.hints]
    assert starts == sorted(starts)
    for hint in note.hints:
        assert 0 <= hint.start <= hint.body_start <= hint.end <= len(note.text)
        assert " ".join(hint.title.split()) in " ".join(note.text[hint.start : hint.body_start].split())
    for outer, inner in combinations(note.hints[:60], 2):
        assert inner.start >= outer.end or inner.end <= outer.end, "sections nest or follow each other"
