"""What may stand in the place of a code, numbered so that one key swaps it: what was weighed for the same words first, then its other sides and
the codes beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_coder.code_search.context import CodeContext
from fhir_coder.worklist.decision import Span
from fhir_coder.worklist.review import Review, ReviewedCode
from terminology.codebook import Codebook

MOST = 9
"""As many as there are digits to press."""


@dataclass(frozen=True, slots=True)
class Swap:
    """A billable code, and why it is offered: ``weighed``, ``side``, ``sibling`` or ``more detail``."""

    code: str
    title: str
    why: str


def swaps(one: ReviewedCode, review: Review, codebook: Codebook, context: CodeContext | None) -> tuple[Swap, ...]:
    """At most :data:`MOST`, each once, none that stands already."""
    standing = {other.code for other in review.codes}
    found: dict[str, Swap] = {}
    for swap in _candidates(one, review, codebook, context):
        if swap.code not in standing:
            found.setdefault(swap.code, swap)
    return tuple(found.values())[:MOST]


def _candidates(one: ReviewedCode, review: Review, codebook: Codebook, context: CodeContext | None) -> Iterator[Swap]:
    for rejected in review.rejected:
        code = rejected.code
        if _share_words(rejected.was.spans, one.spans) and code in codebook and codebook.is_billable(code):
            yield Swap(code, codebook.title(code), "weighed")
    if context is None:
        return
    answers = (choice for prompt in context.prompts for answer in prompt.answers for choice in answer.codes)
    for why, choices in (("more detail", answers), ("side", context.sides), ("sibling", context.siblings)):
        yield from (Swap(choice.code, choice.title, why) for choice in choices if choice.is_billable)


def _share_words(some: tuple[Span, ...], others: tuple[Span, ...]) -> bool:
    return any(a.note_id == b.note_id and a.start < b.end and b.start < a.end for a in some for b in others)
