"""Why a code was assigned, in a sentence for the reviewer: where its words stand, what matched them, what else weighed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fhir_coder.coding.support import Pillar

_STRONGEST = 3


def explain(pillars: Sequence[Pillar], contributions: Sequence[tuple[str, float]], features: Mapping[str, float], rule: str = "") -> str:
    """A few sentences; they name sections, dictionary entries and features, and quote nothing.

    ``contributions`` are the features with their share in the score, strongest first; ``features`` their values.
    """
    best = pillars[0]
    sections = list(dict.fromkeys(pillar.assertion.mention.section.value.replace("-", " ") for pillar in pillars))
    parts = [f"Named in the {_listed(sections)}; matched by {_match(best)}."]
    if spoke_for := [_said(name, features) for name, share in contributions if share > 0][:_STRONGEST]:
        parts.append(f"Weighed most: {_listed(spoke_for)}.")
    if spoke_against := [_said(name, features) for name, share in contributions[:_STRONGEST] if share < 0]:
        parts.append(f"Weighed against it: {_listed(spoke_against)}.")
    if by_clinician := sorted({pillar.source for pillar in pillars if pillar.source}):
        parts.append(f"Supplied by another clinician than the provider: {_listed(by_clinician)}.")
    if rule:
        parts.append(f"Decided by rule: {rule}.")
    return " ".join(parts)


def _said(name: str, features: Mapping[str, float]) -> str:
    """A feature in words, with "not" where it is absent: that, too, can speak for a code."""
    return name.replace("_", " ") if features.get(name) else "not " + name.removeprefix("is_").replace("_", " ")


def _match(pillar: Pillar) -> str:
    """The dictionary entry or index that offered the code."""
    source = pillar.candidate.source
    if source.startswith("retrieval:"):
        return f"retrieval ({source.removeprefix('retrieval:')}, score {pillar.candidate.score:.2f})"
    return f"dictionary entry {source}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
