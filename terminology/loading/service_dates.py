"""Which dates of service a release holds for, read from what the publisher printed and how the files are named.

ICD-10-CM changes on 1 October, the first day of the federal fiscal year that names the edition, and where need be on 1 April (Social Security
Act 1886(d)(5)(K)(vii)); in FY2021 and FY2022 there were also updates of 1 January and 1 April outside that rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from terminology.loading.failure import LoadError

_OCTOBER, _LAST_MONTH, _LAST_DAY = 10, 9, 30
_UPDATES = {"jan": (1, "January"), "apr": (4, "April"), "oct": (_OCTOBER, "October")}
_UPDATE = re.compile(r"(?<![a-z])(jan|apr|oct)(?:uary|il|ober)?(?![a-z])", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class Effect:
    """The first and last date of service (both inclusive) and the title of the release."""

    first: date
    last: date
    title: str


def fiscal_year(day: date) -> int:
    """The federal fiscal year of a date: that of the calendar year in which its September lies."""
    return day.year + (day.month >= _OCTOBER)


def end_of_fiscal_year(day: date) -> date:
    """30 September of the fiscal year of a date."""
    return date(fiscal_year(day), _LAST_MONTH, _LAST_DAY)


def infer_effect(version: str, names: Sequence[str], first: date | None, last: date | None) -> Effect:
    """The dates given, else those read from the version printed in the tabular list and the file names.

    An update of January or April holds from the first of that month, an annual edition from 1 October of the year before, all until
    30 September. Raises LoadError that asks for ``--from`` when the files do not tell, or tell two things.
    """
    start = first or _inferred_start(version, names)
    end = last or end_of_fiscal_year(start)
    if end < start:
        raise LoadError(f"the release would end on {end}, before it begins on {start}")
    return Effect(start, end, title_of(start))


def title_of(start: date) -> str:
    """``ICD-10-CM FY2025, April 2025 update`` or, for an edition of 1 October, ``ICD-10-CM FY2025``."""
    year = f"ICD-10-CM FY{fiscal_year(start)}"
    if (start.month, start.day) == (_OCTOBER, 1):
        return year
    return f"{year}, {start:%B} {start.year} update" if start.day == 1 else f"{year}, from {start}"


def _inferred_start(version: str, names: Sequence[str]) -> date:
    years = {int(version)} if re.fullmatch(r"20\d\d", version) else _years(names)
    if len(years) != 1:
        raise LoadError(f"the files do not tell which year they are of ({_listed(years)}); give the first date of service with --from")
    months = {_UPDATES[found.lower()] for name in names for found in _UPDATE.findall(name)}
    if len(months) > 1:
        raise LoadError(
            f"the file names speak of more than one update ({_listed(name for _, name in months)}); give the first date of service with --from"
        )
    year = years.pop()
    month = next((number for number, _ in months), _OCTOBER)
    start = date(year - (month == _OCTOBER), month, 1)
    _require_years_agree(year, start, names)
    return start


def _require_years_agree(year: int, start: date, names: Iterable[str]) -> None:
    """A file of another year among those of one release is a mix-up. A file of October may be named by its calendar year."""
    for name in names:
        allowed = {year, start.year} if "oct" in name.lower() else {year}
        if other := _years([name]) - allowed:
            raise LoadError(f"{name}: is of {_listed(other)}, the tabular list of {year}; give the files of one release")


def _years(names: Iterable[str]) -> set[int]:
    return {int(year) for name in names for year in _YEAR.findall(name.rsplit("/", 1)[-1])}


def _listed(found: Iterable[object]) -> str:
    return ", ".join(sorted(str(one) for one in found)) or "none"
