"""Why a code was assigned, in a sentence for the reviewer: where its words stand, what matched them, what else weighed."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_coder.coding.support import Pillar

_STRONGEST = 3


def explain(pillars: Sequence[Pillar], contributions: Sequence[tuple[str, float]], rule: str = "") -> str:
    """A few sentences; they name sections, dictionary entries and features, and quote nothing."""
    best = pillars[0]
    sections = list(dict.fromkeys(pillar.assertion.mention.section.value.replace("-", " ") for pillar in pillars))
    parts = [f"Named in the {_listed(sections)}; matched by {_match(best)}."]
    weighed = [name.replace("_", " ") for name, share in contributions[:_STRONGEST] if share > 0]
    if weighed:
        parts.append(f"Weighed most: {_listed(weighed)}.")
    if by_clinician := sorted({pillar.source for pillar in pillars if pillar.source}):
        parts.append(f"Supplied by another clinician than the provider: {_listed(by_clinician)}.")
    if rule:
        parts.append(f"Decided by rule: {rule}.")
    return " ".join(parts)


def _match(pillar: Pillar) -> str:
    """The dictionary entry or index that offered the code."""
    source = pillar.candidate.source
    if source.startswith("retrieval:"):
        return f"retrieval ({source.removeprefix('retrieval:')}, score {pillar.candidate.score:.2f})"
    return f"dictionary entry {source}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
