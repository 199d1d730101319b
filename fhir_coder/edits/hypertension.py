"""Hypertension with heart and kidney disease (guideline I.C.9.a): what its codes say, and what the codes beside them call for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.tables import read_table

_FAILURE = parse_ranges("I50")
_HEART = parse_ranges("I51.4-I51.7, I51.89, I51.9")
_EARLY = parse_ranges("N18.1-N18.4, N18.9")
_LATE = parse_ranges("N18.5-N18.6")
_RISING = {"": 0, "disease": 1, "failure": 2, "early": 1, "late": 2}


@dataclass(frozen=True, slots=True)
class Involvement:
    """The heart ("", "disease" or "failure") and the kidney ("", "early" or "late") beside hypertension."""

    heart: str
    kidney: str

    def joined(self, other: Involvement) -> Involvement:
        """The worse of both for either organ."""
        return Involvement(max(self.heart, other.heart, key=_RISING.__getitem__), max(self.kidney, other.kidney, key=_RISING.__getitem__))


def told_by(code: str) -> Involvement | None:
    """What a code of I10 to I13 says; None for every other code."""
    return _kinds().get(code)


def code_for(involvement: Involvement) -> str:
    """The code of hypertension with this involvement."""
    return next(code for code, kind in _kinds().items() if kind == involvement)


def coded_beside(codes: Collection[str]) -> Involvement:
    """The involvement that the codes of heart and kidney disease beside the hypertension show."""
    heart = "failure" if _any(codes, _FAILURE) else "disease" if _any(codes, _HEART) else ""
    return Involvement(heart, "late" if _any(codes, _LATE) else "early" if _any(codes, _EARLY) else "")


def presumed(code: str) -> bool:
    """Whether the classification presumes hypertension as the cause of what the code names."""
    return any(covered(code, ranges) for ranges in (_FAILURE, _HEART, _EARLY, _LATE))


def _any(codes: Collection[str], ranges: Collection) -> bool:
    return any(covered(code, ranges) for code in codes)


@cache
def _kinds() -> Mapping[str, Involvement]:
    return {row["codes"]: Involvement(row["heart"], row["kidney"]) for row in read_table("hypertension.tsv")}
