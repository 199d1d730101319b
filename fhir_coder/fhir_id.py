"""What a FHIR id may be (http://hl7.org/fhir/R4/datatypes.html#id): ours are spelled the same way, as they stand in URLs and identifiers too."""

from __future__ import annotations

import re

FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
"""To be matched whole."""
REFERENCE = re.compile(r"[A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,64}", re.ASCII)
"""A relative reference, to be matched whole: whatever else stands in the place of one may be text."""


def is_addressable(text: str) -> bool:
    """Whether it is an id that leads to a resource: ``.`` and ``..`` are ids by the letter, and in a URL a step elsewhere."""
    return bool(FHIR_ID.fullmatch(text)) and text not in {".", ".."}
