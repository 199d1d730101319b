"""Whose words may supply which code: the rule of ``documentation_sources.tsv`` for each note and code.

Diagnoses rest on the provider's documentation. What another clinician writes completes it in the few ways of guideline I.B.14; measured
values alone are no diagnosis (III.B: abnormal findings are not coded unless the provider indicates their significance), and an imaging or
pathology report counts once it is signed (IV.K).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.model import Authority, Note, RejectionReason
from terminology.codebook import Codebook
from terminology.knowledge import table_rows
from terminology.laterality import side, sides
from terminology.references import CodeReference

ANY, SITE, SIDE = "any", "site", "side"
_OPEN_DEPTH = re.compile(r"\bunspecified (?:stage|severity)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceRule:
    """One family of codes that a clinician's note may supply, and the provider's documentation that it needs (see the table)."""

    family: str
    codes: tuple[CodeReference, ...]
    beside: str
    must_be_signed: bool
    is_single: bool
    source: str


@dataclass(frozen=True, slots=True)
class Ground:
    """That a clinician's note may supply a code: by which rule, and the provider's code that it completes (or empty)."""

    source: str
    completes: str = ""


@cache
def source_rules() -> tuple[SourceRule, ...]:
    """The families in the order of the table."""
    rows = table_rows("fhir_coder.coding", "documentation_sources.tsv")
    return tuple(
        SourceRule(row["family"], parse_ranges(row["codes"]), row["beside"], row["signed"] == "yes", row["one"] == "yes", row["source"])
        for row in rows
    )


def why_not_from(note: Note) -> RejectionReason | None:
    """The reason why no diagnosis is coded from a note, or None. What a clinician's note supplies all the same, :func:`ground` says."""
    if note.supplies_diagnoses:
        return None
    return {Authority.RESULTS: RejectionReason.LABORATORY_VALUE, Authority.REPORT: RejectionReason.UNSIGNED_REPORT}.get(
        note.authority, RejectionReason.NOT_PROVIDERS
    )


def ground(note: Note, code: str, provided: Collection[str], supplied: Collection[str], codebook: Codebook) -> Ground | None:
    """By what a clinician's ``note`` may supply the billable ``code`` beside the codes that the provider's notes support (``provided``) and
    those supplied before by whomever; None: it may not."""
    if note.authority is not Authority.CLINICIAN:
        return None
    for rule in source_rules():
        is_taken = rule.is_single and any(one != code and covered(one, rule.codes) for one in supplied)
        if covered(code, rule.codes) and not is_taken and (note.is_signed or not rule.must_be_signed):
            found = _ground(rule, code, provided, codebook)
            if found:
                return found
    return None


def _ground(rule: SourceRule, code: str, provided: Collection[str], codebook: Codebook) -> Ground | None:
    if rule.beside == SITE:
        return _completing(rule, (one for one in sorted(provided) if _leaves_depth_open(codebook, one, code)))
    if rule.beside == SIDE:
        return _completing(rule, filter(None, [_open_side(codebook, code, provided)]))
    if not rule.beside or (rule.beside == ANY and provided):
        return Ground(rule.source)
    return Ground(rule.source) if any(covered(one, parse_ranges(rule.beside)) for one in provided) else None


def _completing(rule: SourceRule, found: Iterable[str]) -> Ground | None:
    completes = next(iter(found), "")
    return Ground(rule.source, completes) if completes else None


def _leaves_depth_open(codebook: Codebook, provided: str, code: str) -> bool:
    """Whether ``provided`` is the ulcer of ``code`` with its depth or stage unspecified: a sibling, or where the provider left the side
    open as well, the like child of that sibling."""
    if provided == code or not _OPEN_DEPTH.search(codebook.title(provided)) or _OPEN_DEPTH.search(codebook.title(code)):
        return False
    site, open_site = codebook.ancestors(code)[0], codebook.ancestors(provided)[0]
    above = codebook.ancestors(code)[1:2]
    by_side = sides(codebook, above[0]) if above else {}
    return site == open_site or (site in by_side.values() and by_side.get("unspecified") == open_site)


def _open_side(codebook: Codebook, code: str, provided: Collection[str]) -> str:
    """The provider's code for the condition of ``code`` that leaves the side open; empty when there is none, or another side as well."""
    if side(codebook.title(code)) in {None, "unspecified"}:
        return ""
    family = sides(codebook, code)
    ending = code[len(codebook.stem(code)) :]
    like = {name: one for name, stem in family.items() for one in provided if codebook.stem(one) == stem and one[len(stem) :] == ending}
    return like.get("unspecified", "") if like.keys() <= {"unspecified"} else ""
