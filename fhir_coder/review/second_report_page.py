"""How far second reviews agree with what passed, as a page and a file show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from fhir_coder.sample_settings import AuditSample
from fhir_coder.store.passing import Standing, Turn
from fhir_coder.worklist.agreement import Agreement, agreement
from fhir_coder.worklist.second_review import SecondReview

MOST_CODES = 20
MOST_LISTED = 200
COLUMNS = (
    "coding",
    "encounter",
    "service_date",
    "completed_at",
    "second_coder",
    "first_codes",
    "second_codes",
    "both",
    "only_first",
    "only_second",
    "same_codes",
    "same_first_listed",
    "first_review",
)


def report_values(lines: Sequence[SecondReview], standing: Standing, turns: Sequence[Turn], rule: AuditSample) -> dict[str, Any]:
    """``lines`` are the second reviews of the span, the newest first; those that differ are listed, ``MOST_LISTED`` at the most."""
    differing = [one for one in lines if not one.comparison.is_exact]
    return {
        "agreement": figures(agreement(one.comparison for one in lines)),
        "differing": differing[:MOST_LISTED],
        "count_differing": len(differing),
        "only_first": _often(code for one in lines for code in one.comparison.only_first),
        "only_second": _often(code for one in lines for code in one.comparison.only_second),
        "standing": standing,
        "standing_figures": figures(standing.agreement),
        "turns": turns,
        "rule": rule,
    }


def figures(found: Agreement) -> tuple[tuple[str, str, str], ...]:
    """Name, figure and what it is a share of; a share of nothing is not told."""
    codes = found.first + found.second
    return (
        ("Second reviews", str(found.count), ""),
        ("Same codes", share(found.exact, found.count), f"{found.exact} of {found.count}"),
        ("Same first-listed code", share(found.first_listed, found.count), f"{found.first_listed} of {found.count}"),
        ("Agreement on codes", share(2 * found.both, codes), f"2 × {found.both} of {codes} codes"),
    )


def share(part: int, whole: int) -> str:
    """In percent; a dash where there is nothing to share."""
    return f"{part / whole * 100:.1f} %" if whole else "–"


def rows(lines: Iterable[SecondReview]) -> Iterable[tuple[str, ...]]:
    """In the order of ``COLUMNS``; codes are separated by blanks."""
    for one in lines:
        found = one.comparison
        yield (
            one.coding_id,
            one.encounter_reference,
            str(one.service_date or ""),
            one.completed_at.isoformat() if one.completed_at else "",
            (one.coder.name or one.coder.id) if one.coder else "",
            *(" ".join(codes) for codes in (one.first, one.second, found.both, found.only_first, found.only_second)),
            "yes" if found.is_exact else "no",
            "yes" if found.is_first_listed_same else "no",
            one.review_state.value,
        )


def _often(codes: Iterable[str]) -> list[tuple[str, int]]:
    """The most frequent, and in order of code among equals."""
    return sorted(Counter(codes).items(), key=lambda one: (-one[1], one[0]))[:MOST_CODES]
