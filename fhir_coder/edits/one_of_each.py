"""Things of which a patient has one at a time (``one_of_each.tsv``): which alternative a code names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.tables import read_table


@dataclass(frozen=True, slots=True)
class Choice:
    """One such thing. ``words`` are what the words of a note must match to name an alternative."""

    what: str
    alternatives: Sequence[CodeRanges]
    words: re.Pattern[str]

    def named_by(self, code: str) -> int | None:
        """The number of the alternative that the code names, or None when it names none."""
        return next((number for number, codes in enumerate(self.alternatives) if covered(code, codes)), None)


@cache
def choices() -> tuple[Choice, ...]:
    """All of the table, in its order."""
    return tuple(
        Choice(row["what"], tuple(map(parse_ranges, row["alternatives"].split(" | "))), re.compile(row["words"], re.IGNORECASE))
        for row in read_table("one_of_each.tsv")
    )
