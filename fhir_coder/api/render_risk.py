"""The risk report of a coding result as the parameter ``risk``. It is made here, when everything is decided, written and kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Protocol

from fhir_coder.api.log import ERRORS, FIELDS
from fhir_coder.api.render import code_coding, evidence_part
from fhir_coder.exchange import CodingResult, Resource
from fhir_coder.model import Disposition
from fhir_coder.risk.categories import Category
from fhir_coder.risk.discrepancies import Discrepancy
from fhir_coder.risk.eligibility import Criterion
from fhir_coder.risk.published import MODEL
from fhir_coder.risk.report import PlacedCode, RiskReport
from fhir_coder.vocabulary import CMS_HCC

_VERSION = MODEL.rpartition("V")[2]


class Assessor(Protocol):
    """What makes the report."""

    def assess(self, disposition: Disposition, resources: Mapping[str, Resource]) -> RiskReport:
        """The report of an encounter that was coded; ``resources`` are those of its intake by reference."""


def render_risk(assessor: Assessor, result: CodingResult) -> Resource:
    """The parameter. The codes may be at the EHR by now: a report that cannot be made says so and costs nobody the answer."""
    try:
        report = assessor.assess(result.disposition, result.intake.resources)
        parts = [{"name": "model", "valueString": MODEL}, *_Rendering(result).parts(report)]
    except Exception as error:  # its text may quote a note and is dropped
        logging.getLogger(ERRORS).error("risk report failed", extra={FIELDS: {"exception": type(error).__name__}})
        failure = f"The risk report could not be made ({type(error).__name__})."
        parts = [{"name": "model", "valueString": MODEL}, {"name": "failure", "valueString": failure}]
    return {"name": "risk", "part": parts}


class _Rendering:
    """One report on its way out."""

    def __init__(self, result: CodingResult) -> None:
        self._release_id = result.release.id
        self._notes = {note.id: note for note in result.intake.encounter.notes}

    def parts(self, report: RiskReport) -> Iterator[Resource]:
        """All parts but the model, in the order of the definition."""
        yield {"name": "paymentYear", "valueInteger": report.year.year}
        yield {"name": "mapping", "valueCode": report.year.fit.value}
        for placed in report.codes:
            yield {"name": "code", "part": list(self._placed(placed))}
        for found in report.discrepancies or ():
            yield {"name": "discrepancy", "part": list(self._discrepancy(found))}
        yield from map(_criterion, report.eligibility)

    def _placed(self, placed: PlacedCode) -> Iterator[Resource]:
        yield {"name": "code", "valueCoding": code_coding(placed.code, placed.display, self._release_id)}
        yield {"name": "status", "valueCode": placed.standing.status.value}
        yield from map(_category, placed.standing.categories)

    def _discrepancy(self, found: Discrepancy) -> Iterator[Resource]:
        yield {"name": "kind", "valueCode": found.kind.value}
        yield {"name": "code", "valueCoding": code_coding(found.code, found.display, self._release_id)}
        yield from map(_category, found.standing.categories)
        yield {"name": "reason", "valueCode": found.reason}
        yield {"name": "detail", "valueString": found.detail}
        yield from (evidence_part(one, self._notes) for one in found.evidence)


def _category(category: Category) -> Resource:
    coding = {"system": CMS_HCC, "version": _VERSION, "code": category.number, "display": category.label}
    trumping = [{"name": "trumpedBy", "valueString": one} for one in category.trumped_by]
    return {"name": "category", "part": [{"name": "category", "valueCoding": coding}, *trumping]}


def _criterion(criterion: Criterion) -> Resource:
    parts = [
        {"name": "criterion", "valueCode": criterion.asked.value},
        {"name": "met", "valueCode": criterion.verdict.answer.value},
        {"name": "source", "valueString": criterion.verdict.source},
    ]
    return {"name": "eligibility", "part": parts}
