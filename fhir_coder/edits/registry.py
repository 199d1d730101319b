"""Every edit there is: found in this package by file name, described by its own docstring. There is nothing to register."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from types import ModuleType

import fhir_coder.edits
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.errors import ConfigurationError
from fhir_coder.model import Severity

HEADINGS = ("What it checks", "Why it matters", "Fires", "Passes", "Source")
NEEDS = ("", "note", "lines")

_EDIT_FILE = re.compile(r"fce(\d{3})_[a-z0-9_]+")
_GUIDELINES = re.compile(r"Guidelines FY(\d{4})")
_CODE_SET_IN_USE = date(2015, 10, 1)
"""The first date of service that is coded with ICD-10-CM (45 CFR 162.1002(c)); rules of its guidelines hold from here unless an edit says otherwise."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One compliance edit. ``needs`` is what it cannot run without: "note", "lines" (service lines) or nothing.

    ``holds_from`` and ``holds_to`` bound the service dates for which its rule holds (inclusive; None: open). ``guideline_year`` is the fiscal
    year of the edition of the Official Guidelines that the rule was read in, 0 for a rule from elsewhere. ``is_verified`` is false where the
    paragraph could not be compared with a source: such an edit is never blocking. ``is_about_order`` is true where the place of a code on the claim decides;
    every other edit finds the same in any order. ``is_about_codes`` is false for an edit that looks at the notes alone, and need not run again when codes
    change.
    """

    id: str
    name: str
    severity: Severity
    needs: str
    source: str
    documentation: Mapping[str, str]
    check: Callable[[EditCase], Iterable[Fault]]
    holds_from: date | None = None
    holds_to: date | None = None
    guideline_year: int = 0
    is_verified: bool = True
    is_about_order: bool = False
    is_about_codes: bool = True

    def holds_on(self, service_date: date | None) -> bool:
        """Whether the rule is in force on the date of service; without a date it is."""
        if service_date is None:
            return True
        return (self.holds_from or date.min) <= service_date <= (self.holds_to or date.max)

    def has_input(self, case: EditCase) -> bool:
        """Whether the case holds what the edit needs."""
        return {"": True, "note": case.coded is not None, "lines": case.services is not None}[self.needs]


@cache
def all_edits() -> tuple[Edit, ...]:
    """Every edit, ordered by id."""
    names = (module.name for module in pkgutil.iter_modules(fhir_coder.edits.__path__) if _EDIT_FILE.fullmatch(module.name))
    edits = [read_edit(import_module(f"{fhir_coder.edits.__name__}.{name}")) for name in names]
    return tuple(sorted(edits, key=lambda edit: edit.id))


def require_known(severities: Mapping[str, str]) -> None:
    """Raise ConfigurationError when a site overrides the severity of an edit that does not exist, or makes an unverified one blocking."""
    unknown = sorted(set(severities) - {edit.id for edit in all_edits()})
    if unknown:
        raise ConfigurationError(f"severities name unknown edits: {', '.join(unknown)}; see `fhir-coder edits list`")
    unverified = sorted(edit.id for edit in all_edits() if not edit.is_verified and severities.get(edit.id) == Severity.BLOCKING)
    if unverified:
        raise ConfigurationError(f"severities make unverified edits blocking: {', '.join(unverified)}; their source could not be checked")


def edits_table() -> str:
    """Every edit as a Markdown table: id, name, severity, what it needs, what it checks, source."""
    rows = ["| id | name | severity | needs | holds for | what it checks | source |", "|---|---|---|---|---|---|---|"]
    rows += [
        f"| {edit.id} | {edit.name} | {edit.severity.value} | {edit.needs or '-'} | {_dates(edit)} "
        f"| {edit.documentation['What it checks']} | {edit.source}{'' if edit.is_verified else ' (unverified)'} |"
        for edit in all_edits()
    ]
    return "\n".join(rows) + "\n"


def _dates(edit: Edit) -> str:
    """The service dates for which the rule holds."""
    if edit.holds_from is None and edit.holds_to is None:
        return "every date"
    return " ".join(
        (*(("from", edit.holds_from.isoformat()) if edit.holds_from else ()), *(("to", edit.holds_to.isoformat()) if edit.holds_to else ()))
    )


def read_edit(module: ModuleType) -> Edit:
    """The edit that a module describes; raises ValueError when its docstring lacks a heading, or when it blocks by a source nobody could check."""
    documentation = parse_documentation(module.__doc__ or "")
    years = [int(year) for year in _GUIDELINES.findall(documentation["Source"])]
    is_verified = getattr(module, "IS_VERIFIED", True)
    if module.SEVERITY is Severity.BLOCKING and not is_verified:
        raise ValueError(f"{module.ID}: an edit whose source could not be checked cannot be blocking")
    return Edit(
        id=module.ID,
        name=module.NAME,
        severity=module.SEVERITY,
        needs=getattr(module, "NEEDS", ""),
        source=documentation["Source"],
        documentation=documentation,
        check=module.check,
        holds_from=getattr(module, "HOLDS_FROM", _CODE_SET_IN_USE if years else None),
        holds_to=getattr(module, "HOLDS_TO", None),
        guideline_year=max(years, default=0),
        is_verified=is_verified,
        is_about_order=getattr(module, "IS_ABOUT_ORDER", False),
        is_about_codes=getattr(module, "IS_ABOUT_CODES", True),
    )


def parse_documentation(docstring: str) -> dict[str, str]:
    """The text under each heading of an edit's docstring, on one line; raises ValueError when a heading is missing or empty."""
    parts: dict[str, list[str]] = {}
    heading = ""
    for line in docstring.splitlines():
        if line.strip() in HEADINGS and line == line.strip():
            heading = line.strip()
            parts[heading] = []
        elif heading:
            parts[heading].append(line.strip())
    texts = {name: " ".join(filter(None, lines)) for name, lines in parts.items()}
    if missing := [name for name in HEADINGS if not texts.get(name)]:
        raise ValueError(f"the docstring lacks {', '.join(missing)}")
    return texts
