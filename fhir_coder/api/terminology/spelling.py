"""Codes as FHIR writes them: with the dot, in capitals, exactly as the tabular list prints them (http://hl7.org/fhir/R4/icd.html).

Elsewhere the server takes codes in any spelling. Here testers ask whether a coding is right, and ``E1122`` is not the code ``E11.22``.
"""

from __future__ import annotations

from terminology.release import Catalogue, Release


def is_known(release: Release, code: str) -> bool:
    """Whether the release has a code that is written so."""
    return release.codebook.normalize(code) == code


def why_unknown(release: Release, code: str, catalogue: Catalogue) -> str:
    """A sentence for a code that :func:`is_known` denies: the right spelling, or other releases that have it."""
    known = release.codebook.normalize(code)
    if known is not None:
        return f"This is not how the code is written in FHIR: write {known}, with dot and capitals."
    others = [other.id for other in catalogue.releases if other is not release and is_known(other, code)]
    elsewhere = f" It is a code of {', '.join(others)}." if others else ""
    return f"No such code in ICD-10-CM release {release.id}.{elsewhere}"
