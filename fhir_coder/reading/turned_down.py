"""Screenings and vaccines that the note says were turned down, had elsewhere or are still to come: "STI screen offered, pt declined".

A screening or vaccination is coded when it is done (guidelines I.C.21.c.2 and I.C.21.c.5). What was refused has codes of its own (Z28, Z53),
which other rules and phrases find.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fhir_coder.code_ranges import covered, parse_ranges

_DONE = parse_ranges("Z11-Z13, Z23, Z29")
_VACCINATION = parse_ranges("Z23")
_NO = r"(?:declin\w*|refus\w*|deferr?ed|not interested|turned down|opts? out)"
_AFTER = re.compile(
    rf"(?:[^.,;\n]{{0,30}}|[^.,;\n]{{0,25}},\s*(?:but\s)?(?:\w+\s)?)\b{_NO}(?:\s+(?:today|again|for now|at this time|this \w+|by \w+))*\s*(?=[.,;:)\n-]|$)",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"[^.,;\n]{0,20}\b(?:at (?:the |a |an |her |his |their )?(?:pharmacy|CVS|Walgreens|work|church|school|employer|drugstore|health department)|elsewhere|last (?:week|month|year|fall|winter)|up[- ]to[- ]date|UTD|current|"
    r"(?:19|20)\d\d|due (?:next|in|at)|next (?:visit|year|time))\b",
    re.IGNORECASE,
)
# "She should have the flu vaccine in October", "flu shot when it arrives", "due for his pneumococcal vaccine": a vaccine that is still to come.
_TO_COME_BEFORE = re.compile(
    r"\b(?:should|will|would|may|can|could|to|plans?|planning|due for|except for|overdue for|needs?|recommend\w*|advis\w+|suggest\w*|discuss\w*|"
    r"talked about|consider\w*|interested in|ask\w* about|wants?|offer\w*|referral for|eligible for|schedul\w+|return for|come back for|"
    r"wait\w* (?:for|on)|hold\w*)\b"
    r"(?:(?!\b(?:given|administered|received|gave|today|IM)\b)[^.;\n]){0,40}$",
    re.IGNORECASE,
)
_TO_COME_AFTER = re.compile(
    r"(?:(?!\b(?:given|administered|today)\b)[^.;\n]){0,20}\b(?:when (?:it|they|she|he|available|well|better)|once|will|can be|should|is (?:due|recommended|"
    r"planned|advised)|are (?:due|recommended|planned)|recommended|due|to be|in (?:the )?(?:fall|autumn|winter|spring|september|october|november)|"
    r"this (?:fall|winter)|after)\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"\b{_NO}(?:\s+in)?\W+(?:\w+\W+){{0,2}}$", re.IGNORECASE)
_FAR = 40


def is_turned_down(codes: Sequence[str], text: str, start: int, end: int) -> bool:
    """Whether all ``codes`` of the term at that place are screenings or vaccinations and the words around say that it was not
    done at this visit."""
    if not codes or not all(covered(code, _DONE) for code in codes):
        return False
    before = text[max(0, start - _FAR) : start]
    if covered(codes[0], _VACCINATION):
        told_after = _ELSEWHERE.match(text, end) or _TO_COME_AFTER.match(text, end)
        if told_after or _TO_COME_BEFORE.search(before):
            return True
    return _AFTER.match(text, end) is not None or _BEFORE.search(before) is not None
