"""Whether the notes give a condition another cause than the one the classification presumes (guideline I.A.15: presumed unless documented)."""

from __future__ import annotations

import re

from fhir_coder.edits.case import EditCase

DIABETES = re.compile(r"diabet|\bi?dm\b|\bt[12]dm\b|\bdm[12]\b", re.IGNORECASE)
HYPERTENSION = re.compile(r"hypertens|\bhtn\b|blood pressure|\bbp\b", re.IGNORECASE)

_UNRELATED = re.compile(
    r"\bunrelated\b|\bnot (?:felt to be |thought to be )?(?:due|related|secondary|attribut\w+|caused|from)\b|\bnon-?(?:diabetic|hypertensive)\b|\bidiopathic\b",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"\b(?:due to|secondary to|caused by|because of|attributed to|in the setting of|2/2|from(?! (?:last|prior|previous|baseline|\d)))\s+([^.;\n]{1,60})"
    r"|\b(\w+)-(?:induced|related|associated)\b",
    re.IGNORECASE,
)


def has_other_cause(case: EditCase, code: str, presumed: re.Pattern[str]) -> bool:
    """Whether a sentence that the code rests on calls the condition unrelated or names a cause that ``presumed`` does not match."""
    return any(_names_other(case.sentence_of(evidence), presumed) for evidence in case.evidence_for(code))


def _names_other(sentence: str, presumed: re.Pattern[str]) -> bool:
    causes = (found.group(1) or found.group(2) for found in _CAUSE.finditer(sentence))
    return bool(_UNRELATED.search(sentence)) or any(not presumed.search(cause) for cause in causes)
