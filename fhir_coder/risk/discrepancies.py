"""Conditions of the model on which codes and notes disagree: held without support in the notes, and documented without a code.

Both kinds are found together and kept in one list. Looking only for what is missing is how overpayment comes about (OIG, General Compliance
Program Guidance, November 2023, on Medicare Advantage; 42 CFR 422.326 on overpayments), looking only for what is too much how illness is
understated (ICD-10-CM Official Guidelines FY2026, IV.J).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

from fhir_coder.edits.case import EditCase
from fhir_coder.model import Agreement, CodeAssignment, CodedEncounter, Disposition, EditReport, Evidence, RecordedDiagnosis, Rejection
from fhir_coder.model import RejectionReason as Why
from fhir_coder.reconciliation import reconcile
from fhir_coder.risk.categories import Categories, Mapped, Standing, trumped_by
from terminology.release import Release


class Kind(StrEnum):
    """Which way codes and notes disagree."""

    UNSUPPORTED = "unsupported"
    UNREPORTED = "unreported"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One such condition. ``reason`` is a code of :func:`discrepancy_reasons`; ``detail`` names codes and references, never words of a note."""

    kind: Kind
    code: str
    display: str
    standing: Standing
    reason: str
    detail: str
    evidence: tuple[Evidence, ...] = ()


NO_SUPPORT = frozenset({"not-addressed", "statement-conflict", "type-conflict", "clinician-conflict"})
"""Names of findings that put in doubt whether the notes carry an assigned code."""

NOT_DOCUMENTED, NAMED = "not-documented", "documented"
"""Reasons where no finding and no rejection says more."""

EVEN = 0.5
"""Below this probability a coder would more likely not assign the code. It is no setting of the engine and the same for every code."""

DOCUMENTED = frozenset({Why.NOT_ADDRESSED, Why.NOT_PROVIDERS, Why.UNSIGNED_REPORT, Why.EDIT, Why.NOT_BILLABLE, Why.LEFT_TO_SITE})
"""Reasons of rejections that leave it standing that the notes name the condition as present."""

NOT_STATED = frozenset(
    {
        *(Why.OUTRANKED, Why.LESS_SPECIFIC, Why.INTEGRAL_SYMPTOM),  # another code has the words
        *(Why.NEGATED, Why.UNCERTAIN, Why.HISTORICAL, Why.HYPOTHETICAL, Why.FAMILY_HISTORY, Why.OTHER_PERSON, Why.LABORATORY_VALUE),
    }
)
"""Reasons of rejections after which the notes, read as a whole, do not state the condition itself as the patient's and present."""


def discrepancy_reasons() -> tuple[str, ...]:
    """Every reason that a discrepancy may have, each once."""
    return tuple(dict.fromkeys((NOT_DOCUMENTED, NAMED, *Why, *sorted(NO_SUPPORT))))


def find_discrepancies(disposition: Disposition, release: Release, categories: Categories) -> tuple[Discrepancy, ...]:
    """The unsupported conditions (those recorded at the EHR, then those assigned), then the unreported ones; each code of a kind once."""
    coded = disposition.report.coded
    doubted = list(_doubted(disposition.report, categories))
    carried = _carried(coded, {one.code for one in doubted}, categories)
    found = [*_recorded(coded, release, categories), *doubted, *_unreported(coded, release, categories, carried)]
    first: dict[tuple[Kind, str], Discrepancy] = {}
    for one in found:
        first.setdefault((one.kind, one.code), one)
    return tuple(first.values())


def _carried(coded: CodedEncounter, doubted: Set[str], categories: Categories) -> frozenset[str]:
    """The categories that assigned codes carry of which nothing is in doubt."""
    standings = [categories.of(one.code) for one in coded.assignments if one.code not in doubted]
    return frozenset(category.number for standing in standings for category in standing.categories)


def _recorded(coded: CodedEncounter, release: Release, categories: Categories) -> Iterator[Discrepancy]:
    """What a clinician recorded for the encounter and no assigned code accounts for (the lines that FCE-607 reports)."""
    rejected = _by_code(coded, release)
    for line in reconcile(coded.encounter.recorded, [one.code for one in coded.assignments], release.codebook):
        if line.agreement is Agreement.UNSUPPORTED and line.recorded:
            code = release.codebook.normalize(line.recorded.code) or line.recorded.code
            standing, why = categories.of(code), rejected.get(code)
            where = f" ({line.recorded.reference})" if line.recorded.reference else ""
            detail = f"The EHR holds {line.recorded.code}{where} for this encounter, and no assigned code accounts for it."
            if standing.status is Mapped.MAPPED:
                reason, evidence = (why.reason.value, why.evidence) if why else (NOT_DOCUMENTED, ())
                yield Discrepancy(Kind.UNSUPPORTED, code, _title(release, code), standing, reason, detail, evidence)


def _doubted(report: EditReport, categories: Categories) -> Iterator[Discrepancy]:
    """Assigned codes of which a finding says that the notes may not carry them, or that a coder would more likely not assign."""
    for assignment in report.coded.assignments:
        standing = categories.of(assignment.code)
        if standing.status is Mapped.MAPPED:
            for reason, detail in _doubts(assignment, report):
                yield Discrepancy(Kind.UNSUPPORTED, assignment.code, assignment.display, standing, reason, detail, assignment.evidence)


def _doubts(assignment: CodeAssignment, report: EditReport) -> Iterator[tuple[str, str]]:
    for finding in report.shown:
        if finding.name in NO_SUPPORT and assignment.code in finding.codes:
            yield finding.name, finding.detail
    if not assignment.probability >= EVEN:
        yield Why.LOW_PROBABILITY.value, f"{assignment.code} is assigned with a probability of {assignment.probability:.2f}."


def _unreported(coded: CodedEncounter, release: Release, categories: Categories, carried: Set[str]) -> Iterator[Discrepancy]:
    """What the notes document and no assigned code accounts for. Where the categories are ``carried``, or others above them in the hierarchies,
    nothing is missing from the report of categories."""
    documented = dict(_documented(coded, release))
    candidates = [RecordedDiagnosis(code, "") for code in documented]
    for line in reconcile(candidates, [one.code for one in coded.assignments], release.codebook):
        if line.agreement is Agreement.UNSUPPORTED and line.recorded:
            code = line.recorded.code
            standing, (reason, evidence) = categories.of(code), documented[code]
            if any(one.number not in carried and not trumped_by(one.number, carried) for one in standing.categories):
                detail = f"The notes name what {code} stands for, and no assigned code accounts for it."
                yield Discrepancy(Kind.UNREPORTED, code, _title(release, code), standing, reason, detail, evidence)


def _documented(coded: CodedEncounter, release: Release) -> Iterator[tuple[str, tuple[str, tuple[Evidence, ...]]]]:
    """Codes that are not assigned and whose condition the notes name as present, with why they are not and the words."""
    rejected = _by_code(coded, release)
    for code, evidence in _case(coded, release).documented.items():
        why = rejected.get(code)
        if not (why and why.reason in NOT_STATED):
            yield code, (why.reason.value if why else NAMED, (evidence,))
    for code, one in rejected.items():
        if one.reason in DOCUMENTED and one.evidence:
            yield code, (one.reason.value, one.evidence)


def _by_code(coded: CodedEncounter, release: Release) -> Mapping[str, Rejection]:
    """The rejections by canonical code; of several for one code the first."""
    found: dict[str, Rejection] = {}
    for one in coded.rejected:
        found.setdefault(release.codebook.normalize(one.code) or one.code, one)
    return found


def _case(coded: CodedEncounter, release: Release) -> EditCase:
    """The encounter as edits see it, for what the notes document."""
    encounter = coded.encounter
    return EditCase(
        codes=tuple(one.code for one in coded.assignments),
        birth_date=encounter.patient.birth_date,
        gender=encounter.patient.gender,
        service_date=encounter.service_date,
        release=release,
        release_status="",
        coded=coded,
    )


def _title(release: Release, code: str) -> str:
    return release.codebook.title(code) if release.codebook.normalize(code) else ""
