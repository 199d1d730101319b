"""Evidence as the page quotes it: the words, and where they stand on the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fhir_coder.model import Evidence
from fhir_coder.review.highlighting import place_name, span_name
from fhir_coder.store.records import StoredEncounter, with_words


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a note. ``span`` and ``place`` name them in the note on the page; both are empty where the note is not there."""

    words: str
    section: str
    note: int
    span: str = ""
    place: str = ""


class Quoting:
    """Gives evidence its words, from the notes that are here, and its place on the page."""

    def __init__(self, coding: StoredEncounter, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._numbers = {note.id: number for number, note in enumerate(coding.notes, start=1)}

    def of(self, evidence: Iterable[Evidence]) -> tuple[Quote, ...]:
        """Each place once, in the order given; what has neither words nor a place is left out."""
        found = dict.fromkeys(self._quote(one) for one in evidence)
        return tuple(one for one in found if one.words)

    def _quote(self, evidence: Evidence) -> Quote:
        words = " ".join(with_words(evidence, self._texts).text.split())
        section, number = evidence.section.value.replace("-", " "), self._numbers.get(evidence.note_id, 0)
        if evidence.note_id not in self._texts:
            return Quote(words, section, number)
        start, end = evidence.start, evidence.end
        return Quote(words, section, number, span_name(number, start, end), place_name(number, start))
