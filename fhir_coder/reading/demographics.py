"""The age and sex that a note states, for encounters whose patient resource leaves them out."""

from __future__ import annotations

import re

_YEARS = re.compile(
    r"(?<!temp )(?<!t )\b(\d{1,3})[\s-]*(?:(?:years?|yrs?)[\s-]*(?:of age|old|well|WCC|WCV|check)|y\.?/?o\b|[FM]\b(?!\s*\d)|y\s?\d{1,2}\s?m(?:o|os|onths?)?\b)",
    re.IGNORECASE,
)
_UNDER_TWO = re.compile(
    r"\b(?:newborn|neonate|\d{1,2}[\s-]*(?:days?|d|weeks?|wks?|months?|mos?|m)[\s/-]*(?:old\b|well\b|WCC\b|WCV\b|check)|"
    r"\d{1,2}[\s-]*(?:d|wks?|mos?|m)\s?/\s?o\b)",
    re.IGNORECASE,
)
_AGED = r"\b\d{1,3}[\s-]*(?:years?|yrs?|y\.?/?o\.?|months?|mos?|m/?o|weeks?|days?)?[\s-]*(?:old\b|o\b)?"
_FEMALE = re.compile(
    _AGED
    + r"(?:[\s-]+[a-z-]+){0,3}?[\s-]*\b(?:female|woman|girl|lady)\b|(?<!temp )(?<!t )\b\d{1,2}\s?(?:y/?o\s?)?F\b|\b(?:Ms|Mrs)\.?\s+[A-Z]",
    re.IGNORECASE,
)
_MALE = re.compile(
    _AGED + r"(?:[\s-]+[a-z-]+){0,3}?[\s-]*\b(?:male|man|boy|gentleman)\b|\b\d{1,2}\s?(?:y/?o\s?)?M\b|\bMr\.?\s+[A-Z]", re.IGNORECASE
)
OPENING = 600
"""Who the patient is stands near the beginning; later ages are often those of relatives."""

MAX_AGE = 120


def stated_age(text: str) -> int | None:
    """Completed years as the opening of the note states them first, or None. Ages in days, weeks or months give 0 or 1."""
    years = _YEARS.search(text, 0, OPENING)
    small = _UNDER_TWO.search(text, 0, OPENING)
    # "6 mo check" is also how long after the last visit a grown-up comes back.
    is_interval = small is not None and years is not None and small.group().lower().endswith("check")
    if small and not is_interval and (years is None or small.start() <= years.start()):
        return _years_of(small.group())
    age = int(years.group(1)) if years else None
    return age if age is not None and age <= MAX_AGE else None


def _years_of(small: str) -> int:
    number = re.match(r"\d+", small)
    return int(number.group()) // 12 if number and "m" in small.lower() else 0


def stated_sex(text: str) -> str:
    """``female`` or ``male`` as the opening of the note states it first, or empty."""
    found = {sex: pattern.search(text, 0, OPENING) for sex, pattern in (("female", _FEMALE), ("male", _MALE))}
    named = {sex: match.end() for sex, match in found.items() if match}
    return min(named, key=lambda sex: named[sex], default="")
