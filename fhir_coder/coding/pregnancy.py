"""Conditions of a pregnant patient, with the code of chapter 15 that goes before them (guidelines I.C.15.a.1, I.C.15.a.2), as data; and the weeks of
gestation (I.C.21.c.11)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.coding.companions import companion_source
from fhir_coder.coding.ranked_code import RankedCode
from terminology.codebook import Codebook
from terminology.knowledge import table_rows
from terminology.references import CodeReference

SOURCE = "I.C.15.a.1"
_PRESENT = parse_ranges("O09-O48, O60, Z34")
_OVER = parse_ranges("O00-O08, O80-O92, Z33.2, Z39, F53")


@dataclass(frozen=True, slots=True)
class Complication:
    """Codes of ``codes`` call for ``becomes``; ``is_kept`` says whether they stand beside it."""

    codes: tuple[CodeReference, ...]
    becomes: str
    is_kept: bool


@cache
def complications() -> tuple[Complication, ...]:
    """All rows of ``pregnancy.tsv``."""
    rows = table_rows("fhir_coder.coding", "pregnancy.tsv")
    return tuple(Complication(parse_ranges(row["codes"]), row["becomes"], row["kept"] == "yes") for row in rows)


def complication_of(code: str) -> Complication | None:
    """What a condition is in pregnancy, or None for one that chapter 15 does not name."""
    return next((row for row in complications() if covered(code, row.codes)), None)


def in_pregnancy(chosen: Sequence[RankedCode], ranked: Sequence[RankedCode], codebook: Codebook) -> list[RankedCode]:
    """The chosen codes with what chapter 15 makes of them where the patient is pregnant, and the weeks of gestation."""
    weeks = [one for one in ranked if one.is_of_gestation]
    codes = {one.code for one in chosen}
    is_pregnant = weeks or any(covered(code, _PRESENT) for code in codes)
    is_over = any(covered(code, _OVER) for code in codes)
    found = _complicated(chosen, codebook) if is_pregnant and not is_over else list(chosen)
    return [*found, *_weeks_beside(weeks, {one.code for one in found})]


def _complicated(chosen: Sequence[RankedCode], codebook: Codebook) -> list[RankedCode]:
    codes = {one.code for one in chosen}
    found: dict[str, RankedCode] = {}
    for one in chosen:
        row = complication_of(one.code)
        if row is None or not codebook.is_billable(row.becomes):
            found[one.code] = one
            continue
        if row.is_kept:
            found[one.code] = one
        if not _is_said(row.becomes, codes):
            found.setdefault(row.becomes, replace(one, code=row.becomes, rule=SOURCE))
    return list(found.values())


def _is_said(becomes: str, codes: Collection[str]) -> bool:
    """Whether one of the codes says it already, in whatever trimester."""
    return any(code[:-1] == becomes[:-1] for code in codes)


def _weeks_beside(weeks: Sequence[RankedCode], codes: Collection[str]) -> list[RankedCode]:
    """The weeks, wherever the note has them, go with the codes of the pregnancy that ``companions.tsv`` names."""
    sources = ((one, companion_source(one.code, codes)) for one in weeks if one.code not in codes)
    return [replace(one, rule=source) for one, source in sources if source]
