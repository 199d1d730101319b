"""The age of a pregnancy that a note tells: weeks for Z3A, and by them the trimester (tabular list, chapter 15; guidelines I.C.15.a.3, I.C.21.c.11).

Weeks stand in notes of a pregnancy for much else: an earlier scan, a delivery in the past, the next visit. So the age is read from its own forms
("28w2d", "28+3", "28 2/7 weeks", "EGA 28") before plain weeks ("GDM at 28 weeks"), and from none that stands behind a word of another time. The
words are data (``gestation_words.toml``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.gestation_words import load_words

SECOND_FROM, THIRD_FROM = 14, 28
_SHORTEST, _LONGEST = 4, 42
_OPENING = 300

_PLAIN = re.compile(r"\b(\d{1,2})[ -]?(?:weeks?|wks?|wk?)\b", re.IGNORECASE)


def weeks_told(text: str, *, is_of_pregnancy: bool = False) -> int | None:
    """The completed weeks of the pregnancy at this visit, or None where the text is not about a present one. ``is_of_pregnancy``: the text is
    known to speak of one, whether or not it has a word for it."""
    found = next(_spans(text, is_of_pregnancy), None)
    return None if found is None else found[2]


def find_weeks(text: str) -> Iterator[tuple[int, int, int]]:
    """Where the text tells the weeks of this visit: start, end, completed weeks; every place that tells the same as the first."""
    spans = list(_spans(text, is_of_pregnancy=False))
    yield from (span for span in spans if span[2] == spans[0][2])


def trimester_of(weeks: int) -> str:
    """Second from 14 weeks 0 days, third from 28 weeks 0 days."""
    return "first" if weeks < SECOND_FROM else "second" if weeks < THIRD_FROM else "third"


def _spans(text: str, is_of_pregnancy: bool) -> Iterator[tuple[int, int, int]]:
    words = load_words()
    if not (is_of_pregnancy or words.perhaps_pregnant.are_in(text)) or words.after_birth.search(text, 0, _OPENING):
        return
    for pattern in (words.exact, _PLAIN):
        for found in pattern.finditer(text):
            weeks = next(int(number) for number in found.groups() if number)
            if (
                _SHORTEST <= weeks <= _LONGEST
                and _is_of_now(text, found)
                and (pattern is words.exact or is_of_pregnancy or _is_beside_pregnancy(text, found))
            ):
                yield found.start(), found.end(), weeks


def _is_of_now(text: str, found: re.Match[str]) -> bool:
    words = load_words()
    before = text[max(0, found.start() - 50) : found.start()]
    return not (words.another_time.search(before) or words.of_another.search(before) or words.another_thing.match(text, found.end()))


def _is_beside_pregnancy(text: str, found: re.Match[str]) -> bool:
    """Whether the sentence of plain weeks speaks of a pregnancy."""
    begin = max(text.rfind(mark, 0, found.start()) for mark in (". ", "\n", ";")) + 1
    ends = [place for mark in (". ", "\n", ";") if (place := text.find(mark, found.end())) >= 0]
    return load_words().pregnant.search(text, begin, min(ends, default=len(text))) is not None
