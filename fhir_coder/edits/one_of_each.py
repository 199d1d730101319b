"""Things of which a patient has one at a time (``one_of_each.tsv``): which alternative a code names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.tables import read_table


@dataclass(frozen=True, slots=True)
class Choice:
    """One such thing. ``whole`` are the codes of all alternatives; ``words`` are what the words of a note must match to name one."""

    what: str
    alternatives: Sequence[CodeRanges]
    whole: CodeRanges
    words: re.Pattern[str]

    def named_by(self, code: str) -> int | None:
        """The number of the alternative that the code names, or None when it names none."""
        if not self.whole.cover(code):
            return None
        return next((number for number, codes in enumerate(self.alternatives) if codes.cover(code)), None)


@cache
def choices() -> tuple[Choice, ...]:
    """All of the table, in its order."""
    return tuple(_choice(row) for row in read_table("one_of_each.tsv"))


def _choice(row: Mapping[str, str]) -> Choice:
    alternatives = tuple(map(parse_ranges, row["alternatives"].split(" | ")))
    whole = CodeRanges(reference for codes in alternatives for reference in codes)
    return Choice(row["what"], alternatives, whole, re.compile(row["words"], re.IGNORECASE))
