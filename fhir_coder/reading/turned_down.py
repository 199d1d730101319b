"""Screenings and vaccines that the note says were turned down, had elsewhere or are still to come: "STI screen offered, pt declined".

A screening or vaccination is coded when it is done (guidelines I.C.21.c.2 and I.C.21.c.5). What was refused has codes of its own (Z28, Z53),
which other rules and phrases find. The words are data (``turned_down.toml``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import covered, parse_ranges
from terminology.knowledge import knowledge_of

_DONE = parse_ranges("Z11-Z13, Z23, Z29")
_VACCINATION = parse_ranges("Z23")
_FAR = 40


@dataclass(frozen=True, slots=True)
class _Cues:
    """The patterns made of the words of ``turned_down.toml``; those of what stands before a term end where it begins."""

    refused_before: re.Pattern[str]
    refused_after: re.Pattern[str]
    elsewhere: re.Pattern[str]
    to_come_before: re.Pattern[str]
    to_come_after: re.Pattern[str]


def is_turned_down(codes: Sequence[str], text: str, start: int, end: int) -> bool:
    """Whether all ``codes`` of the term at that place are screenings or vaccinations and the words around say that it was not
    done at this visit."""
    if not codes or not all(covered(code, _DONE) for code in codes):
        return False
    before, cues = text[max(0, start - _FAR) : start], _cues()
    if covered(codes[0], _VACCINATION):
        told_after = cues.elsewhere.match(text, end) or cues.to_come_after.match(text, end)
        if told_after or cues.to_come_before.search(before):
            return True
    return cues.refused_after.match(text, end) is not None or cues.refused_before.search(before) is not None


@cache
def _cues() -> _Cues:
    path = knowledge_of("fhir_coder.reading").joinpath("turned_down.toml")
    lists: Mapping[str, Sequence[str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    words = {name: f"(?:{'|'.join(parts)})" for name, parts in lists.items()}
    refused_after = (
        rf"(?:[^.,;\n]{{0,30}}|[^.,;\n]{{0,25}},\s*(?:but\s)?(?:\w+\s)?)\b{words['refused']}(?:\s+{words['for_now']})*\s*(?=[.,;:)\n-]|$)"
    )
    return _Cues(
        refused_before=_compiled(rf"\b{words['refused']}(?:\s+in)?\W+(?:\w+\W+){{0,2}}$"),
        refused_after=_compiled(refused_after),
        elsewhere=_compiled(rf"[^.,;\n]{{0,20}}\b{words['elsewhere']}\b"),
        to_come_before=_compiled(rf"\b{words['to_come_before']}\b(?:(?!\b{words['given_before']}\b)[^.;\n]){{0,40}}$"),
        to_come_after=_compiled(rf"(?:(?!\b{words['given_after']}\b)[^.;\n]){{0,20}}\b{words['to_come_after']}\b"),
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
