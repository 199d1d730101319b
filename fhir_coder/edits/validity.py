"""What, if anything, is wrong with a code as such in one release. The edits FCE-101, 102 and 110 to 113 each report one answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from terminology.codebook import Codebook

FULL_LENGTH = 7
"""Characters of a code with a seventh character, without the dot (guideline I.A.5)."""


class CodeFault(StrEnum):
    """The ways a code can be invalid; exactly one applies."""

    UNKNOWN = "unknown"
    HEADER = "header"
    SEVENTH_MISSING = "seventh-missing"
    SEVENTH_WRONG = "seventh-wrong"
    SEVENTH_NOT_ALLOWED = "seventh-not-allowed"
    PLACEHOLDER_MISSING = "placeholder-missing"


@dataclass(frozen=True, slots=True)
class InvalidCode:
    """A code as given, its fault, and the nearest valid codes (at most five)."""

    code: str
    fault: CodeFault
    nearest: tuple[str, ...] = ()

    @property
    def remedy(self) -> str:
        """The valid codes to consider, as the end of a sentence; empty when none is near."""
        return f" Consider {', '.join(self.nearest)}." if self.nearest else ""


def diagnose(code: str, codebook: Codebook) -> InvalidCode | None:
    """The fault of a code as given, or None when it is billable in this release."""
    known = codebook.normalize(code)
    if known is None:
        return _diagnose_unknown(code, codebook)
    if codebook.is_billable(known):
        return None
    fault = CodeFault.SEVENTH_MISSING if _is_stem(known, codebook) else CodeFault.HEADER
    return InvalidCode(code, fault, codebook.billable_under(known)[:5])


def _is_stem(code: str, codebook: Codebook) -> bool:
    """Whether only the seventh character is missing: the codes below are this one, padded and completed."""
    below = codebook.billable_under(code)
    return bool(below) and codebook.stem(below[0]) == code and bool(codebook.seventh_characters(code))


def _diagnose_unknown(code: str, codebook: Codebook) -> InvalidCode:
    plain = code.strip().replace(".", "").upper()
    known = _longest_known(plain, codebook)
    if known is None:
        return InvalidCode(code, CodeFault.UNKNOWN)
    rest = plain[len(known.replace(".", "")) :]
    if codebook.is_billable(known):
        fault = CodeFault.SEVENTH_NOT_ALLOWED if _is_seventh(rest) else CodeFault.UNKNOWN
        return InvalidCode(code, fault, (known,))
    if _is_stem(known, codebook):
        return _diagnose_ending(code, plain, known, rest, codebook)
    return InvalidCode(code, CodeFault.UNKNOWN, codebook.billable_under(known)[:5])


def _diagnose_ending(code: str, plain: str, stem: str, rest: str, codebook: Codebook) -> InvalidCode:
    """The fault of what follows a stem that needs a seventh character."""
    nearest = codebook.billable_under(stem)[:5]
    if not rest.strip("X"):
        return InvalidCode(code, CodeFault.SEVENTH_MISSING, nearest)
    if rest[:-1].strip("X"):
        return InvalidCode(code, CodeFault.UNKNOWN, nearest)
    if rest[-1] in codebook.seventh_characters(stem):
        return InvalidCode(code, CodeFault.PLACEHOLDER_MISSING, (codebook.with_seventh(stem, rest[-1]),))
    reads_as_seventh = rest[-1].isalpha() or (rest[-1].isdigit() and len(plain) == FULL_LENGTH)
    return InvalidCode(code, CodeFault.SEVENTH_WRONG if reads_as_seventh else CodeFault.UNKNOWN, nearest)


def _is_seventh(rest: str) -> bool:
    """Whether the characters read as a seventh character behind placeholders: ``A``, ``XA``, ``XXXD``."""
    return rest[-1].isalpha() and not rest[:-1].strip("X")


def _longest_known(plain: str, codebook: Codebook) -> str | None:
    """The longest beginning of a code that the release knows."""
    for length in range(min(len(plain), FULL_LENGTH) - (len(plain) <= FULL_LENGTH), 2, -1):
        known = codebook.normalize(plain[:length])
        if known is not None:
            return known
    return None
