"""External causes beside the injury they explain (Official Guidelines I.C.20).

A code of chapter 20 is reported with an injury of this visit and never without one (I.C.20.a). Its seventh character is the injury's
(I.C.20.a.2); place, activity and status are reported once, at the initial encounter, and one of each (I.C.20.b, c and k). Poisonings and toxic
effects name their cause themselves (I.C.19.e); place, activity and status go with a toxic effect as with an injury.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache

from fhir_coder.code_ranges import covered, parse_listed
from terminology.codebook import Codebook
from terminology.knowledge import table_rows
from terminology.references import CodeReference

_INJURIES = parse_listed("S00-T34, T66-T75, T79")
_TOXIC_EFFECTS = parse_listed("T51-T65")
_CIRCUMSTANCES = ("Y92", "Y93", "Y99")
_USUAL_ORDER = 5
_FULL_LENGTH = 7
_COMPLICATIONS = parse_listed("Y62-Y84, Y90-Y91, Y95")


def is_cause(code: str) -> bool:
    """Whether a code tells what happened, where, or during what: chapter 20 without complications of care and levels of alcohol."""
    return code[0] in "VWXY" and not covered(code, _COMPLICATIONS)


def is_mechanism(code: str) -> bool:
    """Whether a code tells what happened, and not where or during what."""
    return is_cause(code) and code[:3] not in _CIRCUMSTANCES


def has_injury(codes: Collection[str]) -> bool:
    """Whether one of the codes is an injury, which external causes go with."""
    return any(covered(code, _INJURIES) for code in codes)


def displaced_causes(codes: Sequence[str]) -> Mapping[str, str]:
    """The causes among the codes (in order of telling) that are not reported, each with the cause that stands instead, or empty when none may stand."""
    phase = _phase(codes)
    groups: dict[str, list[str]] = {}
    for code in codes:
        if is_cause(code):
            groups.setdefault(code[:3] if code[:3] in _CIRCUMSTANCES else "", []).append(code)
    displaced: dict[str, str] = {}
    for kind, group in groups.items():
        is_reported = (phase == "A" or _is_toxic(codes)) if kind else bool(phase)
        first = min(group, key=_order) if is_reported else ""
        displaced.update((code, first) for code in group if code != first)
    return displaced


def in_phase(codebook: Codebook, code: str, codes: Sequence[str]) -> str:
    """The cause with the seventh character of the injuries beside it; any other code, or one without a seventh character, unchanged."""
    phase = _phase(codes)
    if not is_cause(code) or not phase or len(code.replace(".", "")) < _FULL_LENGTH:
        return code
    return code[:-1] + phase if codebook.is_billable(code[:-1] + phase) else code


def _phase(codes: Sequence[str]) -> str:
    """A, D or S: the earliest phase of care of the injuries, or empty without an injury."""
    injuries = [code for code in codes if covered(code, _INJURIES)]
    if not injuries:
        return ""
    phases = {code[-1] for code in injuries if len(code.replace(".", "")) == _FULL_LENGTH}
    # Fractures have several letters for initial (A to C) and for later encounters (D to R); external causes have one of each.
    if not phases or phases & set("ABC"):
        return "A"
    return "S" if phases == {"S"} else "D"


def _is_toxic(codes: Collection[str]) -> bool:
    """Whether a toxic effect is treated for the first time: its code says what happened, and not where and during what."""
    return any(covered(code, _TOXIC_EFFECTS) and code.endswith("A") for code in codes)


@cache
def _orders() -> tuple[tuple[tuple[CodeReference, ...], int], ...]:
    rows = table_rows("fhir_coder.coding", "cause_order.tsv")
    return tuple((parse_listed(row["codes"]), int(row["order"])) for row in rows)


def _order(code: str) -> int:
    return next((order for references, order in _orders() if covered(code, references)), _USUAL_ORDER)
