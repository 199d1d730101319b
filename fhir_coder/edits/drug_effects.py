"""What the fifth or sixth character of a drug code says: poisoning and its intent, adverse effect, underdosing (guideline I.C.19.e.5)."""

from __future__ import annotations

from fhir_coder.code_ranges import covered, parse_ranges
from terminology.notation import compact

POISONING = frozenset("1234")
ADVERSE_EFFECT = "5"
UNDERDOSING = "6"

_DRUGS = parse_ranges("T36-T50")
_NO_NATURE = parse_ranges("T36-T50, V00-Y99, Z00-Z99")
_LENGTH = 7


def can_be_nature(code: str) -> bool:
    """Whether the code can name what a drug did to the patient: a condition, not a drug, an external cause or a Z code."""
    return not covered(code, _NO_NATURE)


def drug_effect(code: str) -> tuple[str, str]:
    """The drug (the code up to its character for the effect) and that character; both empty for a code that is no full drug code."""
    plain = compact(code)
    if len(plain) != _LENGTH or not covered(code, _DRUGS):
        return "", ""
    # The placeholder in the sixth place says that the effect stands in the fifth ("T36.91XA").
    place = 4 if plain[5] == "X" else 5
    return plain[:place], plain[place]
