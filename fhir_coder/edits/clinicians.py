"""What clinicians who are not the provider document otherwise than the codes that are assigned."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.model import Evidence, RejectionReason

Contradiction = Callable[[EditCase, str, str], bool]


def contradicted(case: EditCase, contradicts: Contradiction) -> Iterator[tuple[str, str, tuple[Evidence, ...]]]:
    """Every assigned code, the other clinician's code that contradicts it, and that clinician's words. What either of the two leaves open
    ("unspecified") is no contradiction."""
    for rejection in case.coded.rejected if case.coded else ():
        other = case.codebook.normalize(rejection.code)
        if not other or rejection.reason is not RejectionReason.NOT_PROVIDERS or _is_open(case.codebook.title(other)):
            continue
        for code in case.known:
            if code != other and not _is_open(case.titles[code]) and contradicts(case, code, other):
                yield code, other, rejection.evidence


def _is_open(title: str) -> bool:
    return "unspecified" in title.lower()
