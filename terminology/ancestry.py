"""What several codes have in common: the code at or above all of them."""

from __future__ import annotations

from collections.abc import Iterable

from terminology.codebook import Codebook


def shared_code(codebook: Codebook, codes: Iterable[str]) -> str | None:
    """The one code, or the nearest header above all of them, or None when they share no category. ``codes`` is not empty."""
    first, *others = sorted(set(codes))
    if not others:
        return first
    lines = [{code, *codebook.ancestors(code)} for code in others]
    return next((header for header in (first, *codebook.ancestors(first)) if all(header in line for line in lines)), None)
