"""The words of injuries and the codes they make (``injury_kinds.toml``, ``injury_sites.tsv``, ``fracture_sites.tsv``)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from terminology.knowledge import knowledge_of, table_rows

_NEVER = re.compile(r"(?!)")
_EYE = "T26"
_CORROSION_OF_EYE, _CORROSION = 5, 4


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of injury; ``silent_before`` and ``silent_after`` are words that make it none."""

    id: str
    column: str
    digit: str
    words: re.Pattern[str]
    silent_before: re.Pattern[str]
    silent_after: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Site:
    """A part of the body with its codes by column."""

    words: re.Pattern[str]
    codes: Mapping[str, str]

    def has(self, column: str) -> bool:
        """Whether the site has a code of the column."""
        return bool(self.code(column))

    def code(self, column: str) -> str:
        """The code of the column, or empty."""
        return self.codes.get(column) or ""

    @property
    def is_wide(self) -> bool:
        """Whether a part of it may be named after it."""
        return self.code("open") in ("S61.4#", "S91.3#", "S01.9#", "S01.8#", "S81.8#", "S61.2#9")

    @property
    def is_digit(self) -> bool:
        """Whether it is a finger that is not named."""
        return self.code("open") == "S61.2#9"

    @property
    def is_one_digit(self) -> bool:
        """Whether it is a certain finger."""
        return self.code("open").startswith("S61.2#") and not self.is_digit


@dataclass(frozen=True, slots=True)
class Bone:
    """A broken bone: words that must all be told, and its code."""

    words: tuple[re.Pattern[str], ...]
    code: str


@dataclass(frozen=True, slots=True)
class InjuryRules:
    """All tables; see their heads."""

    kinds: tuple[Kind, ...]
    sites: tuple[Site, ...]
    fractures: tuple[Bone, ...]
    any_kind: re.Pattern[str]
    animal: re.Pattern[str]
    trauma: re.Pattern[str]
    nail: re.Pattern[str]
    foreign: re.Pattern[str]
    denied: re.Pattern[str]
    both: re.Pattern[str]
    of: re.Pattern[str]
    link: re.Pattern[str]
    refine: re.Pattern[str]
    has_side: re.Pattern[str]
    degrees: tuple[re.Pattern[str], ...]
    corrosion: re.Pattern[str]
    surface: re.Pattern[str]

    def is_told(self, pattern: re.Pattern[str], text: str) -> bool:
        """Whether the text has the pattern, once at least undenied."""
        return any(not self.denied.search(text[max(0, found.start() - 40) : found.start()]) for found in pattern.finditer(text))

    def is_burn(self, text: str) -> bool:
        """Whether the text is about a burn."""
        return self.is_told(self._named("burn").words, text)

    def is_bitten(self, text: str) -> bool:
        """Whether the text tells of the bite of a mammal."""
        return self.animal.search(text) is not None and self.is_told(self._named("bite").words, text)

    def is_open_wound(self, text: str) -> bool:
        """Whether the text names an open wound."""
        return any(kind.words.search(text) for kind in self.kinds if kind.column == "open")

    def digit_of(self, kind: str) -> str:
        """The digit of a kind in the codes of a site."""
        return self._named(kind).digit

    def _named(self, kind: str) -> Kind:
        return next(one for one in self.kinds if one.id == kind)

    def burnt(self, template: str, sentence: str, near: tuple[str, ...]) -> str:
        """The code of a burn in the degree that the nearest of the texts to tell any does (the deepest of a site, guideline I.C.19.d.2)."""
        is_corroded = self.corrosion.search(sentence) is not None
        if template.startswith(_EYE):
            return f"{_EYE}.{int(template[-1]) + (_CORROSION_OF_EYE if is_corroded else 0)}"
        degree = next((found for text in near if (found := self._degree(text))), 0)
        return template.replace("#", str(degree + (_CORROSION if is_corroded else 0)))

    def _degree(self, text: str) -> int:
        return max((at for at, pattern in enumerate(self.degrees, 1) if self.is_told(pattern, text)), default=0)


@cache
def load_injuries() -> InjuryRules:
    """The tables, read once."""
    source = knowledge_of("fhir_coder.reading").joinpath("injury_kinds.toml").read_text(encoding="utf-8")
    table = tomllib.loads(source)
    words, burn = table["words"], table["burn"]
    sites = table_rows("fhir_coder.reading", "injury_sites.tsv")
    bones = table_rows("fhir_coder.reading", "fracture_sites.tsv")
    return InjuryRules(
        kinds=tuple(_kind(row) for row in table["kind"]),
        sites=tuple(Site(_whole(row["site"]), row) for row in sites),
        fractures=tuple(Bone(tuple(_whole(part) for part in row["words"].split(" & ")), row["code"]) for row in bones),
        any_kind=_whole("|".join(row["words"] for row in table["kind"])),
        animal=_whole(words["animal"]),
        trauma=_whole(words["trauma"]),
        nail=_whole(words["nail"]),
        foreign=re.compile(words["foreign"], re.IGNORECASE),
        denied=re.compile(rf"\b{words['denied']}", re.IGNORECASE),
        both=re.compile(rf"\b{words['both']}", re.IGNORECASE),
        of=re.compile(words["of"], re.IGNORECASE),
        link=re.compile(words["link"], re.IGNORECASE),
        refine=re.compile(words["refine"], re.IGNORECASE),
        has_side=re.compile(r"\b(?:[Rr]ight|RIGHT|[Ll]eft|LEFT|[Rr]t|[Ll]t|R|L)\b"),
        degrees=tuple(_whole(burn[name]) for name in ("first", "second", "third")),
        corrosion=_whole(burn["corrosion"]),
        surface=re.compile(burn["surface"], re.IGNORECASE),
    )


def _kind(row: dict[str, str]) -> Kind:
    before, after = row.get("silent_before"), row.get("silent_after")
    return Kind(
        id=row["id"],
        column=row["column"],
        digit=row.get("digit", ""),
        words=_whole(row["words"]),
        silent_before=re.compile(rf"(?<!\w)(?:{before})$", re.IGNORECASE) if before else _NEVER,
        silent_after=re.compile(after, re.IGNORECASE) if after else _NEVER,
    )


def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
