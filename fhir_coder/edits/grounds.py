"""What the words that a code rests on assert: all of them that it is possible, past, denied, or another person's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.model import Assertion, Evidence


def rests_only_on(case: EditCase, code: str, is_such: Callable[[Assertion], bool]) -> tuple[Evidence, ...]:
    """The words of a code when every one of them is asserted as ``is_such`` says; empty when one is not, or when nothing is known of it."""
    evidence = case.evidence_for(code)
    assertions = [tuple(_assertions_of(case, code, one)) for one in evidence]
    return evidence if assertions and all(found and all(map(is_such, found)) for found in assertions) else ()


def _assertions_of(case: EditCase, code: str, evidence: Evidence) -> Iterator[Assertion]:
    """What is asserted of these words: of those in them that name the code or its category, or of the whole of them."""
    for assertion in case.statements_on(evidence):
        mention = assertion.mention
        names_it = any(named[:3] == code[:3] for named in mention.codes)
        if names_it or (mention.start, mention.end) == (evidence.start, evidence.end):
            yield assertion
