"""Acute event past.

What it checks
        An acute myocardial infarction or stroke whose sentence in the note says that it was more than four weeks ago (acute_events.tsv).

Why it matters
        The acute code is for the event itself; afterwards an old infarction, the sequelae of a stroke or its history is coded. It is the most common
    overstatement of these two in office notes.

Fires
        I21.4 for an infarction three months ago; I63.9 for a stroke in follow-up after two years.

Passes
        An infarction two weeks ago; a current stroke beside an old one told in another sentence; I69.354, I25.2 and Z86.73.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.9.d and I.C.9.e.1
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-716"
NAME = "acute-event-past"
SEVERITY = Severity.ADVISORY
NEEDS = "note"

_NUMBERS = {
    word: number
    for number, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1)
} | {
    "a": 1,
    "an": 1,
}
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365, "yr": 365}
_AGO = re.compile(rf"\b(\d{{1,3}}|{'|'.join(_NUMBERS)}) (day|week|month|year|yr)s? (?:ago|prior|earlier|back)\b", re.IGNORECASE)
_LONG_AGO = re.compile(r"\b(?:several|many|few) (?:month|year)s ago\b|\blast year\b|\byears ago\b", re.IGNORECASE)


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its words, when all places it rests on put the event into the past."""
    for ranges, days, then in _rows():
        for code in case.known:
            evidence = case.evidence_for(code) if covered(code, ranges) else ()
            if evidence and all(_is_past(case.sentence_of(one), days) for one in evidence):
                yield Fault(
                    (code,),
                    f"The notes put the event of {code} more than {days} days back; the acute code no longer applies: {then}.",
                    evidence,
                )


def _is_past(sentence: str, days: int) -> bool:
    if _LONG_AGO.search(sentence):
        return True
    spans = (_days(found) for found in _AGO.finditer(sentence))
    return any(span > days for span in spans)


def _days(found: re.Match[str]) -> int:
    number, unit = found.group(1).lower(), found.group(2).lower()
    return (int(number) if number.isdigit() else _NUMBERS[number]) * _DAYS[unit]


@cache
def _rows() -> tuple[tuple[CodeRanges, int, str], ...]:
    return tuple((parse_ranges(row["codes"]), int(row["days"]), row["then"]) for row in read_table("acute_events.tsv"))
