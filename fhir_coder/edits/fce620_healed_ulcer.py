"""Healed ulcer.

What it checks
    A pressure ulcer or chronic skin ulcer (L89, L97, L98.4) all of whose sentences call it healed or closed.

Why it matters
    A healed ulcer is not coded; a healing one is, with its stage.

Fires
    L89.152 that rests on "sacral pressure ulcer stage 2, now fully healed".

Passes
    "healing stage 2 ulcer"; "not yet healed"; one ulcer healed and another open.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.12.a.4, I.C.12.a.5 and I.C.12.b
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-620"
NAME = "healed-ulcer"
SEVERITY = Severity.ADVISORY
NEEDS = "note"

_ULCER = parse_ranges("L89, L97, L98.4")
_HEALED = re.compile(
    r"(?<!not )(?<!not yet )(?<!not fully )(?<!nearly )(?<!almost )(?<!partly )(?<!partially )(?<!until )\b(?:healed|resolved|closed)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\b(?:non-?healed|unhealed|open|reopened|draining|drainage|debrid\w*)\b", re.IGNORECASE)


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such ulcer, with its words."""
    for code in case.known:
        evidence = case.evidence_for(code) if _ULCER.cover(code) else ()
        sentences = [case.sentence_of(one) for one in evidence]
        if sentences and all(_HEALED.search(one) and not _OPEN.search(one) for one in sentences):
            yield Fault((code,), f"{code} rests on an ulcer that is called healed, which is not coded; remove it.", evidence)
