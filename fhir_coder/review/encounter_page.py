"""A stored coding as what its page shows: plain values in the order in which a person reads them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from fhir_coder.model import Evidence, Severity
from fhir_coder.store.records import StoredEncounter

_FIRST = {Severity.BLOCKING: 0, Severity.ADVISORY: 1, Severity.INFORMATION: 2}
MOST_EVIDENCE = 3


def encounter_values(coding: StoredEncounter) -> dict[str, Any]:
    """``findings`` has the worst first and leaves out those in shadow, which are for no person to see; ``fates`` are the dispositions by code."""
    shown = [one for one in coding.findings if one.severity in _FIRST]
    by_code: dict[str, list[str]] = defaultdict(list)
    for finding in shown:
        for code in finding.codes:
            by_code[code].append(finding.edit)
    return {
        "coding": coding,
        "codes": [
            {"assignment": one, "fate": fate.value, "percent": _percent(one.probability), "evidence": _quotes(one.evidence)}
            for one, fate in zip(coding.assignments, coding.by_code, strict=True)
        ],
        "findings": sorted(shown, key=lambda one: _FIRST[one.severity]),
        "edits_of": by_code,
        "keeps_words": not coding.notes or any(note.text for note in coding.notes),
    }


def _percent(probability: float) -> str:
    """Never rounded up to certainty, or down to nothing."""
    return f"{min(max(probability * 100, 0.1), 99.9):.1f} %"


def _quotes(evidence: tuple[Evidence, ...]) -> list[str]:
    """The words of a few places; none where the words were not kept."""
    return list(dict.fromkeys(" ".join(one.text.split()) for one in evidence if one.text))[:MOST_EVIDENCE]
