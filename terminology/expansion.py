"""Seventh characters: which apply to a code, and the full codes they make.

The definition of the nearest ancestor (or the code itself) wins; it applies to codes without children; a code shorter than six characters is
padded with the placeholder X (Official Guidelines I.A.4 and I.A.5).
"""

from __future__ import annotations

from terminology.notation import compact, dotted
from terminology.tabular import Extension, TabularCode

FULL_LENGTH = 7


def extensions_of(code: TabularCode, inherited: tuple[Extension, ...]) -> tuple[Extension, ...]:
    """The seventh characters that apply to a code without children; empty for a header and for a code already full."""
    if code.children or len(compact(code.code)) >= FULL_LENGTH:
        return ()
    nearest = code.extensions or inherited
    return tuple(extension for extension in nearest if _is_allowed(code.code, extension.character))


def _is_allowed(code: str, character: str) -> bool:
    """Death before regaining consciousness (S06, sixth character 7 or 8) has no later encounter and no sequela."""
    plain = compact(code)
    return not (plain.startswith("S06") and len(plain) == 6 and plain[5] in "78" and character in "DS")


def full_code(code: str, character: str) -> str:
    """The dotted code of seven characters."""
    return dotted(compact(code).ljust(FULL_LENGTH - 1, "X") + character)
