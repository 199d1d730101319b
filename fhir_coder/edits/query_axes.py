"""What codes leave open, as the tables beside the edits have it: query_axes.tsv asks, query_options.tsv answers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.tables import read_table

_KEPT = "*"
_LAST = "~"
_NEVER = "(?!)"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer. ``lead`` are codes or patterns of codes; ``measure`` with ``low`` to ``high`` (inclusive, units of the measure), ``needs``
    and ``unless`` say when the notes support it."""

    text: str
    lead: tuple[str, ...]
    measure: str
    low: float
    high: float
    needs: re.Pattern[str] | None
    unless: re.Pattern[str] | None

    def leads_to(self, code: str) -> Iterator[str]:
        """The codes for an open code; they need not exist. "~1" replaces the last character, "***1" the fourth."""
        plain = code.replace(".", "")
        for lead in self.lead:
            if lead.startswith(_LAST):
                yield plain[:-1] + lead[1:]
            elif lead.startswith(_KEPT):
                yield "".join(old if new == _KEPT else new for old, new in zip(plain, lead, strict=False)) + plain[len(lead) :]
            else:
                yield lead


@dataclass(frozen=True, slots=True)
class Axis:
    """One question about one thing that codes leave open. ``what`` names it for the coder; ``names``, ``told`` and ``signs`` are read in the notes."""

    topic: str
    what: str
    codes: CodeRanges
    title: re.Pattern[str]
    question: str
    names: re.Pattern[str]
    told: re.Pattern[str]
    signs: re.Pattern[str]
    needs_signs: bool
    choices: tuple[Choice, ...]

    def leaves_open(self, code: str, title: str) -> bool:
        """Whether the code, of this title, leaves it open."""
        return self.codes.cover(code) and self.title.search(title) is not None


@cache
def axes_of(edit: str) -> tuple[Axis, ...]:
    """The rows of one edit, by its id."""
    choices = _choices()
    return tuple(_axis(row, choices[row["topic"]]) for row in read_table("query_axes.tsv") if row["edit"] == edit)


@cache
def all_axes() -> tuple[Axis, ...]:
    """The rows of all edits."""
    return tuple(axis for edit in dict.fromkeys(row["edit"] for row in read_table("query_axes.tsv")) for axis in axes_of(edit))


@cache
def _choices() -> dict[str, tuple[Choice, ...]]:
    by_topic: defaultdict[str, tuple[Choice, ...]] = defaultdict(tuple)
    for row in read_table("query_options.tsv"):
        needs, unless = (re.compile(row[column], re.IGNORECASE) if row[column] else None for column in ("needs", "unless"))
        low, high = (float(row[bound] or 0) for bound in ("low", "high"))
        by_topic[row["topic"]] += (Choice(row["text"], tuple(row["leads_to"].split()), row["measure"], low, high, needs, unless),)
    return dict(by_topic)


def _axis(row: dict[str, str], choices: tuple[Choice, ...]) -> Axis:
    names, told, signs = (re.compile(row[column] or _NEVER, re.IGNORECASE) for column in ("names", "told", "signs"))
    return Axis(
        topic=row["topic"],
        what=row["what"],
        codes=parse_ranges(row["codes"]),
        title=re.compile(row["title"], re.IGNORECASE),
        question=row["question"],
        names=names,
        told=told,
        signs=signs,
        needs_signs=row["asked"] == "signs",
        choices=choices,
    )
