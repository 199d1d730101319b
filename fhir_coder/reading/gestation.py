"""How far a pregnancy is, as the code for its weeks (Z3A): "34w4d", "20+5", "12 weeks and 3 days", "G1 at 22 wks".

The completed weeks are coded, days left out (tabular note at Z3A; guideline I.C.21.c.11). A note tells many weeks: when a medicine was begun,
when the last child was born, when to come back. What is told with days comes before round weeks, and what is told first before what comes
later, unless the words around it speak of another time. Weeks are read only where the note speaks of a pregnancy that goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.reading.body_mass import MeasuredTerm

_WITH_DAYS = re.compile(
    r"(?<![\w./+-])(?P<a>[4-9]|[1-3]\d|4[0-2])\s?(?:w(?:ee)?k?s?\.?\s?[0-6]\s?d(?:ays?)?|\+\s?[0-6](?:/7)?|\s?weeks?,? (?:and )?\d days?|[ -][0-6]/7(?:\s?w(?:ee)?ks?)?)"
    r"(?![\w/+])",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?<![\w./+-])(?P<a>[4-9]|[1-3]\d|4[0-2])[\s-]?(?:weeks?|wks?|w)\b[\s-]*(?:of )?(?:gestation\w*|pregnan\w+|gravid|GA\b|IUP\b|EGA\b|along|intrauterine)"
    r"|\b(?:IUP|pregnan(?:t|cy)|gestation(?:al age)?|EGA|GA|G\d+(?:\s?P\d+)?)\b[\s:,]*(?:now |currently |today )?(?:at|of|is|=|,|@|about|approximately)?\s*"
    r"(?P<b>[4-9]|[1-3]\d|4[0-2])(?:\s?(?:weeks?|wks?|w)\b)"
    r"|\b(?:at|,)\s?(?P<c>[4-9]|[1-3]\d|4[0-2])\s?(?:weeks?|wks?)\b(?=\W+(?:with|for|by LMP|by (?:first|early)|here|routine|prenatal|today|OB))"
    r"|\b(?:in pregnancy|of pregnancy)\b[^.\n]{0,30}?(?<![\w./+-])(?P<d>[4-9]|[1-3]\d|4[0-2])\s?(?:weeks?|wks?)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\b(?:pregnan\w+|gravid\w*|gestation\w*|prenatal|antenatal|obstetric\w*|OB|IUP|E?GA|fetal|fetus|FHTs?|FHR|fundal|EDD|EDC|EFW|baby (?:is )?mov\w+|LOF|"
    r"trimester|CRL|NST|anatomy (?:scan|survey)|G\d+\s?P\d+|G[1-9]\b|primigravida|multigravida|toco|MFM)",
    re.IGNORECASE,
)
_ENDED = re.compile(
    r"\b(?:post-?\s?partum (?:visit|check|exam|day|follow)|weeks? (?:post-?partum|PP)\b|PPD\s?#?\d|newborn (?:visit|check|exam|weight)|DOL\s?#?\d|day of life|"
    r"missed (?:abortion|miscarriage)|(?:complete|incomplete|inevitable) (?:abortion|miscarriage)|"
    r"status post (?:SVD|cesarean|C-?section))",
    re.IGNORECASE,
)
_ANOTHER_TIME = re.compile(
    r"(?:\b(?:born|deliver\w*|birth|induc\w+|SVD|NSVD|VBAC|CS|C-?section|cesarean|lost|loss|miscarr\w+|SAB|TAB|abort\w*|until|till|by|from|since|after|before|"
    r"begun|began|start\w*|raised|return|RTC|next|again|repeat|due|plan\w*|schedul\w*|recheck|follow[- ]?up|previous\w*|last|prior|first|dated?|dx'?d?|diagnosed|"
    r"growth|GTT|glucose|GBS|scan|ultrasound|US|Tdap|rhogam|dating|confirmed|viab\w+|threshold|through|to|up to|every|over|than|preterm|full term|"
    r"done|stopped|increased|switched|between)\b|[-–<>≥≤~x])[\s(]*(?:\w+\s){0,1}?(?:at |@ |of |about )?\(?$",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"\b(?:now|today|currently|pregnant|IUP|gestation|G\d+(?:\s?P\d+)?|pregnancy|y/?o|female|woman|here|presents?|seen|is|EGA|GA)\W*(?:at |@ )?$",
    re.IGNORECASE,
)
_BEFORE, _SOURCE = 30, "reason:weeks-of-gestation"


def find_gestation(text: str) -> Iterator[MeasuredTerm]:
    """The weeks of the pregnancy that the note is about, at the place where they are told best, if it tells them."""
    if not _GOES_ON.search(text) or _ENDED.search(text):
        return
    for pattern in (_WITH_DAYS, _NAMED):
        for found in pattern.finditer(text):
            if _is_of_now(text, found.start()):
                weeks = int(next(group for group in found.groups() if group))
                yield MeasuredTerm(found.start(), found.end(), (weeks_code(weeks),), _SOURCE, sex="female", age="age>=9")
                return


def weeks_code(weeks: int) -> str:
    """The code for so many completed weeks."""
    return "Z3A.01" if weeks < 8 else f"Z3A.{weeks:02d}"


def _is_of_now(text: str, start: int) -> bool:
    """Whether the words before do not place the weeks at another time of this pregnancy or in another one."""
    line = text.rfind("\n", 0, start) + 1
    before = text[max(line, start - _BEFORE) : start]
    return _STRONG.search(before) is not None or _ANOTHER_TIME.search(before) is None
