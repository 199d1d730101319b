"""The notes of one request are read for so long, and the rest is told to be unread."""

from __future__ import annotations

import pytest

from fhir_coder.ehr.note_reading import read_selection
from fhir_coder.ehr.reading_time import BoundedReading
from fhir_coder.ehr.selection import Selection
from fhir_coder.notes.formats import NoteText, Unreadable
from tests.ehr.conftest import document


class SlowReader:
    """Takes ``seconds`` of its own clock for each note; those that begin with ``Broken`` take as long and are refused."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now = seconds, 0.0

    def __call__(self, content: bytes, content_type: str) -> NoteText:
        self.now += self.seconds
        if content.startswith(b"Broken"):
            raise Unreadable("malformed", "broken")
        return NoteText(content.decode())

    def clock(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("seconds", "texts", "read", "unread"),
    [
        (40.0, ("Gout.", "Cough.", "Fever."), ["d0", "d1", "d2"], []),
        (40.0, ("Gout.", "Cough.", "Fever.", "Rash."), ["d0", "d1", "d2"], [("d3", "unavailable")]),
        (60.0, ("Broken 1", "Broken 2", "Rash."), [], [("d0", "malformed"), ("d1", "malformed"), ("d2", "unavailable")]),
        (500.0, ("Gout.", "Cough."), ["d0"], [("d1", "unavailable")]),
    ],
)
def test_the_time_for_reading(seconds: float, texts: tuple[str, ...], read: list[str], unread: list[tuple[str, str]]) -> None:
    reader = SlowReader(seconds)
    documents = tuple(document(text, id=f"d{number}") for number, text in enumerate(texts))
    found = read_selection(Selection(documents), BoundedReading(reader, 1000, clock=reader.clock), None)
    assert [one.id for one in found.notes] == read
    assert [(one.id, one.reason) for one in found.unreadable] == unread
    told = [one.detail for one in found.unreadable if one.reason == "unavailable"]
    assert set(told) <= {"left unread: the notes before it took 120 seconds to read"}


@pytest.mark.parametrize(("length", "reason"), [(20, ""), (21, "too-long")])
def test_a_long_note_stays_unread_and_the_next_is_read(length: int, reason: str) -> None:
    documents = (document("g" * length, id="d1"), document("Cough.", id="d2"))
    found = read_selection(Selection(documents), BoundedReading(SlowReader(0), 20), None)
    assert [(one.id, one.reason) for one in found.unreadable] == ([("d1", reason)] if reason else [])
    assert "d2" in [one.id for one in found.notes]
