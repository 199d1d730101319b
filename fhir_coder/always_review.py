"""The always-review list: categories of diagnoses that never pass without a person. The list itself is ``always_review.tsv``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import covered, parse_ranges
from terminology.knowledge import knowledge_of
from terminology.references import CodeReference


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """One row: the codes it covers, the shape they must have, the codes one of which must be coded too, and why a person looks."""

    category: str
    codes: tuple[CodeReference, ...]
    shape: re.Pattern[str] | None
    beside: tuple[CodeReference, ...]
    reason: str
    source: str

    def hits(self, codes: Sequence[str]) -> tuple[str, ...]:
        """The codes that this rule sends to review, in their order."""
        if self.beside and not any(covered(code, self.beside) for code in codes):
            return ()
        return tuple(code for code in codes if covered(code, self.codes) and (self.shape is None or self.shape.fullmatch(code)))


def always_review(codes: Sequence[str]) -> Iterator[tuple[ReviewRule, tuple[str, ...]]]:
    """Each rule that some of the codes meet, with those codes."""
    for rule in review_rules():
        if hits := rule.hits(codes):
            yield rule, hits


@cache
def review_rules() -> tuple[ReviewRule, ...]:
    """The rules in the order of the table."""
    lines = knowledge_of("fhir_coder").joinpath("always_review.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return tuple(_rule(*row) for row in rows[1:])


def _rule(category: str, codes: str, shape: str, beside: str, reason: str, source: str) -> ReviewRule:
    pattern = re.compile(shape) if shape else None
    return ReviewRule(category, parse_ranges(codes), pattern, parse_ranges(beside), reason, source)
