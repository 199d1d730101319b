"""Which codes are the reason for which service line: what the EHR says, and what people decided beside it.

One rule for the edits, the Claim and billing, so that what a person saw checked is what leaves the house.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fhir_coder.service import ServiceLine

Links = Sequence[tuple[str, tuple[int, ...] | None]]
"""Codes in claim order with the numbers of their lines (from 1): none means linked to no line, None that nobody decided on it."""


def linked(services: Sequence[ServiceLine], links: Links) -> tuple[ServiceLine, ...]:
    """The lines with the codes that were linked, in claim order, and those of the EHR on which nobody decided. References to Conditions stand for
    codes that a person names now, and are left out of a line that has any."""
    decided = {plain(code) for code, lines in links if lines is not None}
    if not decided:
        return tuple(services)
    return tuple(_line(line, number, links, decided) for number, line in enumerate(services, 1))


def codes_by_line(services: Sequence[ServiceLine], links: Links) -> Mapping[int, tuple[str, ...]]:
    """The reasons of each line where anybody decided on any code; nothing where the EHR alone says them."""
    if all(lines is None for _, lines in links):
        return {}
    return {number: line.reason_codes for number, line in enumerate(linked(services, links), 1)}


def lines_of(code: str, lines: tuple[int, ...] | None, services: Sequence[ServiceLine]) -> tuple[int, ...]:
    """The lines that a code is the reason for: those that were decided, else those of the EHR."""
    if lines is not None:
        return lines
    return tuple(number for number, line in enumerate(services, 1) if plain(code) in map(plain, line.reason_codes))


def plain(code: str) -> str:
    """An EHR may write "E1122" or "i10": the dot and the case do not tell two codes apart."""
    return code.strip().upper().replace(".", "")


def _line(line: ServiceLine, number: int, links: Links, decided: set[str]) -> ServiceLine:
    named = tuple(code for code, lines in links if lines is not None and number in lines)
    kept = tuple(code for code in line.reason_codes if plain(code) not in decided)
    return replace(line, reason_codes=(*named, *kept), reason_references=() if named else line.reason_references)
