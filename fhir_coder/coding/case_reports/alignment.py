"""Where in the English text a coded passage of the Spanish one stands, and in which words.

CodiEsp marks the evidence of each code in the Spanish report by offsets; the English text is a machine translation of the whole. Sentences keep
their order, so the offset, scaled by the ratio of lengths, tells within a line or two where to look. Which words there translate the evidence
is learned by expectation maximisation over all reports (IBM model 1: P. Brown et al., "The Mathematics of Statistical Machine Translation",
Computational Linguistics 19, 1993), begun from how alike the spelling is: most medical words are cognates.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from fhir_coder.coding.case_reports.learned import LONGEST
from fhir_coder.coding.case_reports.words import Word, words_of
from fhir_coder.errors import InvalidContent

ROUNDS = 5
HALF_WINDOW = 170
"""Code points before and after the expected place within which the words are sought."""
_LAG, _SPREAD = 10, 60
_LONGEST_EVIDENCE = 300
_FLOOR = 1e-4
_COST_OF_A_WORD = 0.15
_FUNCTION_WORDS = frozenset(
    [
        "de",
        "la",
        "el",
        "los",
        "las",
        "del",
        "en",
        "por",
        "con",
        "y",
        "al",
        "a",
        "un",
        "una",
        "e",
        "o",
        "que",
        "se",
        "su",
        "sus",
        "lo",
        "para",
        "sin",
        "no",
    ]
)
# Spellings that the two languages keep apart for the same Greek or Latin letters.
_SPELLINGS = (("ph", "f"), ("th", "t"), ("y", "i"), ("rrh", "rr"), ("qu", "k"), ("c", "k"), ("kh", "k"))

Translations = Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One coded passage: its code, the Spanish words, the English words to look among (indexes), and where it is expected."""

    code: str
    spanish: tuple[str, ...]
    window: tuple[int, ...]
    place: float


@dataclass(frozen=True, slots=True)
class Report:
    """One report: its English words, what was marked, and all its codes."""

    words: tuple[Word, ...]
    evidence: tuple[Evidence, ...]
    codes: frozenset[str]

    def nearness(self, word: int, place: float) -> float:
        """1 at the expected place, falling off on both sides."""
        return math.exp(-abs(self.words[word].start - place) / _SPREAD)


@dataclass(frozen=True, slots=True)
class Aligned:
    """The English words (half-open range) that stand for the evidence of a code, and the share of the evidence that they translate."""

    code: str
    first: int
    last: int
    share: float


def read_report(row: Mapping[str, Any]) -> Report:
    """A line of CodiEsp in English: ``text``, ``codes``, ``evidence`` (``code``, ``text``, ``offsets_es``) and ``mt_len_ratio``.

    Raises InvalidContent when one of them is missing or no such thing.
    """
    try:
        words = words_of(row["text"])
        marked = tuple(one for raw in row["evidence"] if (one := _evidence(raw, words, float(row["mt_len_ratio"]))))
        return Report(words, marked, frozenset(row["codes"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidContent("learning phrases needs text, codes, evidence with offsets_es, and mt_len_ratio") from error


def _evidence(raw: Mapping[str, str], words: Sequence[Word], ratio: float) -> Evidence | None:
    parts = [tuple(map(int, part.split())) for part in raw["offsets_es"].split(";")]
    start, end = min(part[0] for part in parts), max(part[1] for part in parts)
    if end - start > _LONGEST_EVIDENCE:
        end = parts[0][1]
    place, half = (start + end) / 2 * ratio + _LAG, HALF_WINDOW + (end - start) / 2
    spanish = tuple(word for word in re.findall(r"[a-z0-9]+", _plain(raw["text"])) if word not in _FUNCTION_WORDS)
    window = tuple(position for position, word in enumerate(words) if abs(word.start - place) <= half)
    return Evidence(raw["code"], spanish, window, place) if spanish and window else None


def learn_translations(reports: Sequence[Report]) -> Translations:
    """How well each English word stands for each Spanish one, from all the evidence."""
    pairs = [
        (one.spanish, [(report.words[word].form, report.nearness(word, one.place)) for word in one.window])
        for report in reports
        for one in report.evidence
    ]
    begin = {(word, form): 0.02 + _likeness(word, form) ** 3 for spanish, english in pairs for word in spanish for form, _ in english}
    table = begin
    for _ in range(ROUNDS):
        table = _maximised(_expected(pairs, table), begin)
    return table


def _expected(pairs: Sequence[tuple[Sequence[str], Sequence[tuple[str, float]]]], table: Translations) -> dict[tuple[str, str], float]:
    counts: dict[tuple[str, str], float] = defaultdict(float)
    for spanish, english in pairs:
        for word in spanish:
            weights = [table[word, form] * near for form, near in english]
            whole = math.fsum(weights)
            for (form, _), weight in zip(english, weights, strict=True):
                counts[word, form] += weight / whole
    return counts


def _maximised(counts: Mapping[tuple[str, str], float], begin: Translations) -> dict[tuple[str, str], float]:
    """Normalised by both words (their geometric mean), so that neither a frequent English word nor a frequent Spanish one takes everything."""
    of_spanish: dict[str, float] = defaultdict(float)
    of_english: dict[str, float] = defaultdict(float)
    for (word, form), count in counts.items():
        of_spanish[word] += count
        of_english[form] += count
    return {
        (word, form): (count + 0.5 * begin[word, form]) / math.sqrt((of_english[form] + 1.0) * (of_spanish[word] + 1.0))
        for (word, form), count in counts.items()
    }


def align(report: Report, table: Translations) -> tuple[Aligned, ...]:
    """The best English words for every piece of evidence."""
    return tuple(_best(report, one, table) for one in report.evidence)


def _best(report: Report, one: Evidence, table: Translations) -> Aligned:
    gain = _gains(report, one, table)
    best = (-math.inf, 0, 0, 0.0)
    for begin, first in enumerate(one.window):
        seen: set[str] = set()
        told = 0.0
        for length, word in enumerate(one.window[begin : begin + LONGEST + 1], 1):
            form = report.words[word].form
            told += 0.0 if form in seen else gain[form]
            seen.add(form)
            worth = told - _COST_OF_A_WORD * length + 0.1 * report.nearness(first, one.place)
            best = max(best, (worth, first, word + 1, told))
    return Aligned(one.code, best[1], best[2], best[3] / len(one.spanish))


def _gains(report: Report, one: Evidence, table: Translations) -> dict[str, float]:
    """How much of the evidence each English word of the window accounts for."""
    gain: dict[str, float] = defaultdict(float)
    for spanish in one.spanish:
        weights = [
            (report.words[word].form, table.get((spanish, report.words[word].form), _FLOOR) ** 1.5 * report.nearness(word, one.place))
            for word in one.window
        ]
        whole = math.fsum(weight for _, weight in weights)
        for form, weight in weights:
            gain[form] += weight / whole
    return gain


def _plain(text: str) -> str:
    """Lower case, without accents."""
    return "".join(char for char in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(char))


@cache
def _likeness(one: str, other: str) -> float:
    """Dice coefficient over pairs and triples of letters, spelling differences between the languages levelled."""
    first, second = _pieces(one), _pieces(other)
    return 2 * len(first & second) / (len(first) + len(second))


@cache
def _pieces(word: str) -> frozenset[str]:
    for old, new in _SPELLINGS:
        word = word.replace(old, new)
    edged = f"^{word}$"
    return frozenset(edged[place : place + size] for size in (2, 3) for place in range(len(edged) - size + 1))
