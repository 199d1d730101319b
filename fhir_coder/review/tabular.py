"""What the inspector shows of a code beside its notes: its place in the tabular list, what may stand in its stead, its risk categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fhir_coder.code_search.context import CodeContext, context_of
from fhir_coder.facts import FactsUnreadable, read_encounter
from fhir_coder.model import Encounter
from fhir_coder.review.swaps import Swap, swaps
from fhir_coder.risk.categories import Category
from fhir_coder.risk.report import RiskReport
from fhir_coder.store.records import StoredEncounter
from fhir_coder.worklist.review import Review, ReviewedCode
from terminology.release import Release

_MOST_KEPT = 512

AssessesCodes = Callable[..., RiskReport]
"""As :meth:`fhir_coder.risk.report.RiskAssessor.assess_codes`."""


@dataclass(frozen=True, slots=True)
class Tabular:
    """One code by the release of its coding. ``context`` is None for a code that the release does not have."""

    title: str
    context: CodeContext | None
    swaps: tuple[Swap, ...]
    categories: tuple[Category, ...]


class TabularList:
    """``release_for`` gives the release of a coding; ``assess`` the risk categories of codes, or None where the site shows none."""

    def __init__(self, release_for: Callable[[StoredEncounter], Release], assess: AssessesCodes | None = None) -> None:
        self.release_for = release_for
        self._assess = assess
        self._context = lru_cache(_MOST_KEPT)(context_of)

    def of(self, coding: StoredEncounter, review: Review) -> Mapping[str, Tabular]:
        """The codes that stand, by code."""
        release = self.release_for(coding)
        categories = self._categories(coding, release, review.codes)
        return {one.code: self._tabular(one, release, review, categories.get(one.code, ())) for one in review.codes}

    def title(self, coding: StoredEncounter, code: str) -> str:
        """The title of a code, or empty where the release has none."""
        codebook = self.release_for(coding).codebook
        return codebook.title(code) if code in codebook else ""

    def _tabular(self, one: ReviewedCode, release: Release, review: Review, categories: tuple[Category, ...]) -> Tabular:
        context = self._context(release, one.code)
        title = one.display or (context.title if context else "")
        return Tabular(title, context, swaps(one, review, release.codebook, context), categories)

    def _categories(self, coding: StoredEncounter, release: Release, codes: Sequence[ReviewedCode]) -> Mapping[str, tuple[Category, ...]]:
        if self._assess is None:
            return {}
        facts = facts_of(coding)
        age, gender = (facts.age, facts.patient.gender) if facts else (None, "")
        known = [one.code for one in codes if one.code in release.codebook]
        report = self._assess(known, release.codebook, coding.service_date, age, gender)
        return {one.code: one.standing.categories for one in report.codes}


def facts_of(coding: StoredEncounter) -> Encounter | None:
    """The facts of the encounter that the store has, if it has them."""
    try:
        return read_encounter(coding.facts) if coding.facts else None
    except FactsUnreadable:  # written by another version; the page does without
        return None
