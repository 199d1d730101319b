"""The risk report of one encounter, or of codes alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from fhir_coder.exchange import Resource
from fhir_coder.model import Disposition
from fhir_coder.risk.categories import Categories, Standing, trumped_by
from fhir_coder.risk.discrepancies import Discrepancy, find_discrepancies
from fhir_coder.risk.eligibility import Criterion, judge_visit
from fhir_coder.risk.payment_year import PaymentYear, payment_year
from fhir_coder.risk.published import mapping_of, model, published_years
from terminology.codebook import Codebook
from terminology.release import Catalogue


@dataclass(frozen=True, slots=True)
class PlacedCode:
    """An assigned (or given) code with its standing; categories name those of the same encounter that trump them."""

    code: str
    display: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class RiskReport:
    """What a reviewer is shown of risk adjustment. ``discrepancies`` holds the unsupported and the unreported conditions, never one kind
    without the other; it is None, and ``eligibility`` empty, where only codes are known."""

    year: PaymentYear
    codes: tuple[PlacedCode, ...]
    discrepancies: tuple[Discrepancy, ...] | None = None
    eligibility: tuple[Criterion, ...] = ()


@dataclass(frozen=True, slots=True)
class RiskAssessor:
    """Makes reports. The tables of the newest payment year are read when it is made: raises ConfigurationError when they cannot be."""

    catalogue: Catalogue
    published: tuple[int, ...] = field(default_factory=published_years)

    def __post_init__(self) -> None:
        mapping_of(self.published[-1])
        model()

    def assess(self, disposition: Disposition, resources: Mapping[str, Resource]) -> RiskReport:
        """The report of an encounter that was coded, checked and routed. ``resources`` are those of its intake by reference; none for text."""
        coded = disposition.report.coded
        encounter, release = coded.encounter, self.catalogue.get(coded.release_id)
        year = payment_year(encounter.service_date, self.published)
        categories = Categories(release.codebook, year, encounter.age, encounter.patient.gender)
        codes = _place(categories, [(one.code, one.display) for one in coded.assignments])
        found = find_discrepancies(disposition, release, categories)
        return RiskReport(year, codes, found, judge_visit(encounter, resources))

    def assess_codes(self, codes: Iterable[str], codebook: Codebook, service_date: date | None, age: int | None, gender: str) -> RiskReport:
        """The categories of codes alone: without notes nothing is known of support, nor of the visit."""
        year = payment_year(service_date, self.published)
        return RiskReport(year, _place(Categories(codebook, year, age, gender), [(one, "") for one in codes]))


def _place(categories: Categories, codes: Iterable[tuple[str, str]]) -> tuple[PlacedCode, ...]:
    """The standing of each code, with the hierarchy among their categories."""
    standings = [(code, display, categories.of(code)) for code, display in codes]
    present = {one.number for _, _, standing in standings for one in standing.categories}
    return tuple(PlacedCode(code, display, _ranked(standing, present)) for code, display, standing in standings)


def _ranked(standing: Standing, present: Iterable[str]) -> Standing:
    ranked = (replace(one, trumped_by=trumped_by(one.number, present)) for one in standing.categories)
    return replace(standing, categories=tuple(ranked))
