"""What a note's own format marks as sensitive: the whole is not used, or the marked sections are cut out before the text becomes a note.

These marks stand inside the bytes, so that they show only after these were fetched; what they exclude goes no further than this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fhir_coder.ehr.labels import label, merged
from fhir_coder.ehr.screening import Screen
from fhir_coder.ehr.sensitivity import Mark, marks_of_codes, marks_of_labels, marks_of_words
from fhir_coder.model import SectionHint, SecurityLabel
from fhir_coder.notes.canonical import NoteText
from fhir_coder.vocabulary import LOINC

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Redacted:
    """``text`` is what may be read, None when nothing may; ``why`` tells what was left out, or is empty. ``reserved`` are marks for a person to see,
    ``labels`` those of what is left."""

    text: NoteText | None
    why: str = ""
    reserved: tuple[Mark, ...] = ()
    labels: tuple[SecurityLabel, ...] = ()


def redacted(text: NoteText, screen: Screen, outer: tuple[SecurityLabel, ...] = ()) -> Redacted:
    """A note's text without what its own labels, section codes and section titles exclude; ``outer`` are labels of what its bytes came in."""
    whole = (*outer, *(label(one.system, one.code) for one in text.labels))
    verdict = screen.judge([*marks_of_labels(whole, screen.rules), *marks_of_words([text.title])])
    if verdict.excluded:
        return Redacted(None, verdict.excluded)
    cut: list[tuple[Span, str]] = []
    reserved, labels = list(verdict.reserved), list(whole)
    for span, found, marks in _sections(text, screen):
        section = screen.judge(marks)
        if section.excluded:
            cut.append((span, section.excluded))
        else:
            reserved += section.reserved
            labels += found
    left = _without(text, [span for span, _ in cut]) if cut else text
    why = "; ".join(dict.fromkeys(why for _, why in cut))
    if not any(character.isalnum() for character in left.text):
        return Redacted(None, why)
    return Redacted(left, why, tuple(dict.fromkeys(reserved)), merged(labels))


def _sections(text: NoteText, screen: Screen) -> Iterable[tuple[Span, tuple[SecurityLabel, ...], list[Mark]]]:
    """Each labelled or titled part with its labels and marks."""
    for one in text.labelled:
        found = tuple(label(each.system, each.code) for each in one.labels)
        yield (one.start, one.end), found, list(marks_of_labels(found, screen.rules))
    for hint in text.hints:
        marks = [*marks_of_words([hint.title]), *marks_of_codes([{"system": LOINC, "code": hint.loinc}], screen.rules)]
        if marks:
            yield (hint.start, hint.end), (), marks


def _without(text: NoteText, spans: list[Span]) -> NoteText:
    """The text without the spans; sections that it declares move with their words, those inside a span go."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))

    def moved(place: int) -> int:
        return place - sum(min(place, end) - start for start, end in joined if start < place)

    kept = (one for one in text.hints if not any(start <= one.start and one.end <= end for start, end in joined))
    hints = tuple(SectionHint(moved(one.start), moved(one.body_start), moved(one.end), one.title, one.loinc) for one in kept)
    edges = [0, *(edge for span in joined for edge in span), len(text.text)]
    words = "".join(text.text[edges[place] : edges[place + 1]] for place in range(0, len(edges), 2))
    return replace(text, text=words, hints=hints, labels=(), labelled=(), title="")
