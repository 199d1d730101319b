"""National Provider Identifiers (45 CFR 162.406)."""

from __future__ import annotations

NPI_SYSTEM = "http://hl7.org/fhir/sid/us-npi"
DIGITS, PREFIX = 10, "80840"


def is_npi(digits: str) -> bool:
    """Whether the check digit is right: the Luhn formula over the number with the prefix 80840 (CMS, NPI check digit)."""
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return False
    doubled = [int(one) * (2 if place % 2 else 1) for place, one in enumerate(reversed(PREFIX + digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
