"""What a FHIR id may be (http://hl7.org/fhir/R4/datatypes.html#id): ours are spelled the same way, as they stand in URLs and identifiers too."""

from __future__ import annotations

import re

FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
"""To be matched whole."""
