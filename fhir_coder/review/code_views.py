"""The codes of a review as the page shows them: plain values in the order in which a person reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fhir_coder.model import CodeAssignment, Evidence, Finding, Severity
from fhir_coder.review.quoting import Quote, Quoting
from fhir_coder.review.reviewed_codes import Known, evidence_of, name_of
from fhir_coder.review.tabular import Tabular
from fhir_coder.store.records import StoredEncounter
from fhir_coder.worklist.reasons import reasons
from fhir_coder.worklist.review import RejectedCode, Remark, Review, ReviewedCode

_FIRST = {Severity.BLOCKING: 0, Severity.ADVISORY: 1, Severity.INFORMATION: 2}
_SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z])")


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding with its name in decisions and the words that it points at."""

    finding: Finding
    name: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class RejectionView:
    """A code that does not stand: ``by`` is the person who turned it down, empty for the engine; ``text`` their words; ``instead`` the code that the
    engine preferred."""

    code: str
    display: str
    reason: str
    by: str
    text: str
    instead: str
    percent: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class CodeView:
    """A code in claim order. ``worst`` is the severity of its worst finding or empty; ``outdone`` are the codes that it took the place of;
    ``percent`` is empty for a code that was never weighed."""

    one: ReviewedCode
    title: str
    fate: str
    percent: str
    quotes: tuple[Quote, ...]
    why: tuple[str, ...]
    features: tuple[tuple[str, str], ...]
    findings: tuple[FindingView, ...]
    worst: str
    outdone: tuple[RejectionView, ...]
    tabular: Tabular
    comments: tuple[Remark, ...]


def finding_views(findings: Sequence[Finding], quotes: Quoting) -> tuple[FindingView, ...]:
    """The worst first; those in shadow are for no person to see."""
    shown = sorted((one for one in findings if one.severity in _FIRST), key=lambda one: _FIRST[one.severity])
    return tuple(FindingView(one, name_of(one), quotes.of(one.evidence or (one.query.indicators if one.query else ()))) for one in shown)


def rejection_views(coding: StoredEncounter, rejected: Iterable[RejectedCode], known: Known, quotes: Quoting) -> tuple[RejectionView, ...]:
    """What does not stand, people's last words first."""
    instead, shown = instead_of(coding), tuple(rejected)
    people = sorted((one for one in shown if one.by), key=lambda one: one.position)
    engine = [one for one in shown if not one.by]
    return tuple(_rejection(one, "" if one.by else instead.get(one.code, ""), known, quotes) for one in (*people, *engine))


def instead_of(coding: StoredEncounter) -> Mapping[str, str]:
    """The code that the engine preferred to each that it turned down."""
    return {one.code: one.instead for one in coding.rejected}


def code_views(
    coding: StoredEncounter,
    review: Review,
    tabular: Mapping[str, Tabular],
    findings: Sequence[FindingView],
    rejected: Sequence[RejectionView],
    known: Known,
    quotes: Quoting,
) -> tuple[CodeView, ...]:
    """The codes that stand, in claim order."""
    proposed = {one.code: (one, fate.value) for one, fate in zip(coding.assignments, coding.by_code, strict=True)}
    return tuple(
        _code(one, review, proposed.get(one.code), tabular[one.code], findings, rejected, quotes.of(evidence_of(one.spans, known)))
        for one in review.codes
    )


def _code(
    one: ReviewedCode,
    review: Review,
    proposed: tuple[CodeAssignment, str] | None,
    tabular: Tabular,
    findings: Sequence[FindingView],
    rejected: Sequence[RejectionView],
    quotes: tuple[Quote, ...],
) -> CodeView:
    mine = tuple(view for view in findings if one.code in view.finding.codes)
    assignment, fate = proposed or (None, "")
    return CodeView(
        one,
        tabular.title,
        fate,
        _percent(one.probability),
        quotes,
        tuple(_SENTENCE_END.split(assignment.explanation)) if assignment and assignment.explanation else (),
        tuple((name.replace("_", " "), f"{value:.3g}") for name, value in sorted(assignment.features.items())) if assignment else (),
        mine,
        mine[0].finding.severity.value if mine else "",
        tuple(view for view in rejected if view.instead == one.code),
        tabular,
        tuple(remark for remark in review.comments if remark.code == one.code),
    )


def _rejection(one: RejectedCode, instead: str, known: Known, quotes: Quoting) -> RejectionView:
    """A person's reason in its meaning, the engine's in its own word."""
    meanings = {**reasons()["reject"], **reasons()["replace"]}
    reason = meanings.get(one.reason, "Another code took its place") if one.by else one.reason.replace("-", " ")
    evidence: tuple[Evidence, ...] = evidence_of(one.was.spans, known)
    by = (one.by.name or one.by.id) if one.by else ""
    return RejectionView(one.code, one.display, reason, by, one.text, instead, _percent(one.was.probability), quotes.of(evidence))


def _percent(probability: float | None) -> str:
    """Never rounded up to certainty, or down to nothing."""
    return "" if probability is None else f"{min(max(probability * 100, 0.1), 99.9):.1f} %"
