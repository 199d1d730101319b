"""The lists that edits on age, sex and manifestations go by: those shipped with this software, or those of a Medicare Code Editor that a site loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.age_limits import Age, AgeLimit, age_limits
from fhir_coder.edits.manifestations import says_manifestation
from fhir_coder.edits.tables import parse_table, read_table
from terminology.notation import dotted
from terminology.references import CodeReference

EDITOR = "CMS Definitions of Medicare Code Edits"
LISTS_FOLDER = "lists"
LOADED_FILE = "editor_lists.tsv"
"""Loaded lists: columns ``list``, ``code``, ``source``, in the data folder; kept with the knowledge that a coding was made with."""


@dataclass(frozen=True, slots=True)
class SexLimit:
    """Codes of organs or conditions of one sex, by the FHIR administrative gender that they fit."""

    gender: str
    codes: CodeRanges
    source: str


@dataclass(frozen=True, slots=True)
class Lists:
    """What the edits ask: at which ages a code is plausible, which genders it fits, whether it is listed as a manifestation. ``sources`` name where the
    rows come from, each once."""

    ages: tuple[AgeLimit, ...]
    sexes: tuple[SexLimit, ...]
    manifestations: tuple[CodeRanges, ...]
    sources: tuple[str, ...]

    def ages_of(self, code: str) -> Iterator[AgeLimit]:
        """The rows that hold for a code."""
        return (limit for limit in self.ages if covered(code, limit.codes))

    def genders_of(self, code: str) -> frozenset[str]:
        """The genders that a code fits; empty when it fits every one."""
        return frozenset(limit.gender for limit in self.sexes if covered(code, limit.codes))

    def is_manifestation(self, code: str, title: str) -> bool:
        """Whether the code may only follow the code of its underlying condition (guideline I.A.13): its title says so, or it is listed."""
        told = says_manifestation(title)
        return any(covered(code, codes) for codes in self.manifestations) if told is None else told


@cache
def shipped_lists() -> Lists:
    """The lists of this software, every row with its source."""
    sexes = tuple(SexLimit(row["gender"], parse_ranges(row["codes"]), row["source"]) for row in read_table("sex_limits.tsv"))
    listed = tuple(read_table("manifestations.tsv"))
    sources = (*(one.source for one in age_limits()), *(one.source for one in sexes), *(row["source"] for row in listed))
    return Lists(age_limits(), sexes, tuple(parse_ranges(row["codes"]) for row in listed), tuple(dict.fromkeys(sources)))


def lists_at(file: Path | Traversable) -> Lists:
    """The loaded lists where the file is there, else the shipped ones. Rows of guidelines and the tabular list hold beside loaded lists. Raises ValueError
    when the file is damaged, OSError when it cannot be read."""
    if not file.is_file():
        return shipped_lists()
    rows = tuple(parse_table(file.read_text(encoding="utf-8")))
    if not rows:
        raise ValueError("the loaded lists are empty")
    groups = {row["list"]: row for row in read_table("editor_groups.tsv")}
    codes = {name: _ranges(row["code"] for row in rows if row["list"] == name) for name in groups}
    source = rows[0]["source"]
    ages = tuple(
        AgeLimit(row["meaning"], codes[name], Age.parse(row["from"]), Age.parse(row["to"]), source)
        for name, row in groups.items()
        if row["from"]
    )
    own = tuple(limit for limit in age_limits() if not _is_of_editor_alone(limit.source))
    sexes = tuple(SexLimit(row["gender"], codes[name], source) for name, row in groups.items() if row["gender"])
    listed = tuple(codes[name] for name, row in groups.items() if not row["from"] and not row["gender"])
    return Lists((*own, *ages), sexes, listed, (source, *dict.fromkeys(one.source for one in own)))


def _ranges(codes: Iterable[str]) -> CodeRanges:
    return CodeRanges(CodeReference(dotted(code), dotted(code)) for code in codes)


def _is_of_editor_alone(source: str) -> bool:
    return EDITOR in source and ";" not in source
