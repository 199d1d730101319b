"""Tables of codes that another code of the same claim makes wrong or superfluous: columns ``codes``, ``beside``, ``source`` and their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.tables import read_table
from terminology.laterality import side


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: codes under ``codes`` beside codes under ``beside``, with the whole row for what else it says."""

    codes: CodeRanges
    beside: CodeRanges
    row: Mapping[str, str]


@cache
def rules(table: str) -> tuple[Rule, ...]:
    """The rows of ``fhir_coder/edits/<table>``."""
    return tuple(Rule(parse_ranges(row["codes"]), parse_ranges(row["beside"]), row) for row in read_table(table))


def pairs(case: EditCase, table: str) -> Iterator[tuple[str, str, Rule]]:
    """Each known code of a row with the first known code, by code, that the row sets beside it, not on the opposite side of the body, and the row.

    Pairs that an Excludes1 note of the release parts are left to the edits of these notes.
    """
    for code in case.known:
        meant = [rule for rule in rules(table) if rule.codes.cover(code)]
        found = ((other, rule) for rule in meant for other in sorted(case.known) if other != code and rule.beside.cover(other))
        for other, rule in found:
            if not are_parted(case, code, other) and not _on_opposite_sides(case, code, other):
                yield code, other, rule
                break


def are_parted(case: EditCase, code: str, other: str) -> bool:
    """Whether an Excludes1 note parts the two."""
    return any({code, other} == set(exclusion.codes) for exclusion in case.exclusions)


def _on_opposite_sides(case: EditCase, code: str, other: str) -> bool:
    return {side(case.titles[code]), side(case.titles[other])} == {"right", "left"}
