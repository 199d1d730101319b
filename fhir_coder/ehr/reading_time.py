"""Bounds on what reading the notes of one request may take: many slow documents must not hold a server's thread for an hour, nor one long note."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from fhir_coder.notes.formats import NoteText, Unreadable

MAX_READING_S = 120.0
"""Seconds spent on reading after which the documents that follow are left unread. Two of the slowest PDFs that are read at all fit in."""


@dataclass
class BoundedReading:
    """Reads notes of at most ``longest_note`` characters with ``read_note`` until it took ``longest_s`` in all; ``clock`` is monotonic, in seconds.
    Time for fetching is not counted: the EHR's own timeout bounds that."""

    read_note: Callable[[bytes, str], NoteText]
    longest_note: int
    longest_s: float = MAX_READING_S
    clock: Callable[[], float] = time.monotonic
    spent_s: float = 0.0

    def __call__(self, content: bytes, content_type: str) -> NoteText:
        """Raises Unreadable: ``unavailable`` when the time is up, ``too-long``, else what ``read_note`` raises."""
        if self.spent_s >= self.longest_s:
            raise Unreadable("unavailable", f"left unread: the notes before it took {self.longest_s:g} seconds to read")
        start = self.clock()
        try:
            text = self.read_note(content, content_type)
        finally:
            self.spent_s += self.clock() - start
        if len(text.text) > self.longest_note:
            raise Unreadable("too-long", f"longer than {self.longest_note} characters")
        return text
