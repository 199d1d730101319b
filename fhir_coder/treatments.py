"""Whether a text names a medicine that is taken for a condition. Classes and names of medicines are those of the reading stage."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

from fhir_coder.code_ranges import covered, parse_ranges
from terminology.knowledge import table_rows
from terminology.references import CodeReference


def names_treatment(text: str, code: str) -> bool:
    """Whether the text names a medicine of a class that treats the condition of the code (``treatments.tsv``)."""
    return any(_pattern(kind).search(text) for codes, kinds in _treatments() if covered(code, codes) for kind in kinds)


@cache
def _treatments() -> tuple[tuple[tuple[CodeReference, ...], tuple[str, ...]], ...]:
    rows = table_rows("fhir_coder", "treatments.tsv")
    return tuple((parse_ranges(row["codes"]), tuple(kind.strip() for kind in row["classes"].split(","))) for row in rows)


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, _names()[kind]))})(?!\w)", re.IGNORECASE)


@cache
def _names() -> dict[str, list[str]]:
    """The names of the medicines of each class; KeyError for a class that ``drugs.tsv`` does not have."""
    names: dict[str, list[str]] = defaultdict(list)
    for row in table_rows("fhir_coder.reading", "drugs.tsv"):
        names[row["class"]] += row["names"].split(" | ")
    return dict(names)
