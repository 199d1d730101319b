"""Medicines named in a text: where each stands, and what its class is coded as.

The names and classes are data (``drugs.tsv``, ``drug_classes.tsv``). Of several names at one place the longest counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from terminology.knowledge import table_rows

_FIRST_WORD = re.compile(r"[A-Za-z0-9]+")
_NOT_A_LETTER = re.compile(r"[^a-z0-9]+")
_NO_MEDICINE = re.compile(
    r"[\s-]*(?:resistan\w+|deficien\w+|insufficien\w+|sensitivity|receptors?|antibod\w+|secretion|allerg(?:y|ies))\b", re.IGNORECASE
)
"""After the name of a medicine: the body's own, or a germ's, or an allergy, and nothing that is taken."""
_ASA_CLASS = re.compile(r"\s*(?:PS\b|class|score|status|physical|grade|[1-4IVX]+\b(?!\d))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine by its first (generic) name, with its class, the Z79 code of its long-term use (or empty), what the note must add to make a use
    a long one (``long``, ``daily`` or nothing), and its stem at T36-T50."""

    id: str
    kind: str
    long_term: str
    needs: str
    stem: str


@dataclass(frozen=True, slots=True)
class NamedMedicine:
    """A medicine at ``text[start:end]``."""

    start: int
    end: int
    medicine: Medicine


def find_medicines(text: str) -> Iterator[NamedMedicine]:
    """Every medicine of the text, in order, without overlap."""
    last = 0
    for word in _FIRST_WORD.finditer(text):
        if word.start() < last:
            continue
        for name, medicine in _by_first_word().get(word.group().lower(), ()):
            found = _pattern(name).match(text, word.start())
            if found and not (found.group() == "ASA" and _ASA_CLASS.match(text, found.end())):
                last = found.end()
                if not _NO_MEDICINE.match(text, last):
                    yield NamedMedicine(found.start(), last, medicine)
                break


@cache
def medicines() -> dict[str, Medicine]:
    """Every name with its medicine."""
    classes = {row["class"]: row for row in table_rows("fhir_coder.reading", "drug_classes.tsv")}
    found: dict[str, Medicine] = {}
    for row in table_rows("fhir_coder.reading", "drugs.tsv"):
        names = row["names"].split(" | ")
        kind = classes[row["class"]]
        medicine = Medicine(_NOT_A_LETTER.sub("-", names[0].lower()), row["class"], kind["long_term"], kind["needs"], kind["drug"])
        found.update(dict.fromkeys(names, medicine))
    return found


@cache
def _by_first_word() -> dict[str, list[tuple[str, Medicine]]]:
    by_word: dict[str, list[tuple[str, Medicine]]] = defaultdict(list)
    for name in sorted(medicines(), key=len, reverse=True):
        first = _FIRST_WORD.match(name)
        if first:
            by_word[first.group().lower()].append((name, medicines()[name]))
    return dict(by_word)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """How notes write a name of the table; compiled when a note first has its first word, as there are thousands.

    A single name with capitals is an abbreviation and stands for itself only as written: ART is treatment, art is not.
    """
    is_as_written = " " not in name and name != name.lower()
    words = r"[\s-]+".join(re.escape(word) for word in name.split())
    return re.compile(rf"(?<![\w-]){words}(?!\w)", re.NOFLAG if is_as_written else re.IGNORECASE)
