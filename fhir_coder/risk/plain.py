"""A risk report as plain JSON, for the lines of the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fhir_coder.risk.categories import Standing
from fhir_coder.risk.discrepancies import Discrepancy
from fhir_coder.risk.published import MODEL
from fhir_coder.risk.report import RiskReport


def plain_risk(make: Callable[[], RiskReport]) -> dict[str, Any]:
    """The report that ``make`` makes, or that it could not be made: the codes of the line stand all the same."""
    try:
        return _plain(make())
    except Exception as error:  # its text may quote a note and is dropped
        return {"model": MODEL, "failure": f"the risk report could not be made ({type(error).__name__})"}


def _plain(report: RiskReport) -> dict[str, Any]:
    """The report; without ``discrepancies`` and ``eligibility`` where only codes were known."""
    known = {} if report.discrepancies is None else {"discrepancies": [_discrepancy(one) for one in report.discrepancies]}
    judged = {one.asked.value: {"met": one.verdict.answer.value, "source": one.verdict.source} for one in report.eligibility}
    return {
        "model": MODEL,
        "paymentYear": report.year.year,
        "mapping": report.year.fit.value,
        "codes": [{"code": one.code, **_standing(one.standing)} for one in report.codes],
        **known,
        **({"eligibility": judged} if judged else {}),
    }


def _standing(standing: Standing) -> dict[str, Any]:
    categories = [{"category": one.number, "label": one.label, "trumpedBy": list(one.trumped_by)} for one in standing.categories]
    return {"status": standing.status.value, "categories": categories}


def _discrepancy(found: Discrepancy) -> dict[str, Any]:
    return {
        "kind": found.kind.value,
        "code": found.code,
        **_standing(found.standing),
        "reason": found.reason,
        "detail": found.detail,
        "evidence": [{"start": one.start, "end": one.end, "text": one.text} for one in found.evidence],
    }
