"""Why a code was assigned, in sentences for the reviewer: where its words stand, what matched them, what else weighed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from fhir_coder.coding.support import Pillar
from terminology.knowledge import table_rows

_STRONGEST = 3

_MATCHED_BY = {
    "lexicon": "the clinical lexicon",
    "title": "the title of a code",
    "term": "an inclusion term",
    "index": "the Alphabetic Index",
    "measure": "a measured value",
    "reason": "a rule of reasons for an encounter",
    "mechanism": "a rule of external causes",
    "drug": "a rule of medicines",
}


def explain(pillars: Sequence[Pillar], contributions: Sequence[tuple[str, float]], features: Mapping[str, float], rule: str = "") -> str:
    """A few sentences; they name sections, dictionary entries and features, and quote nothing.

    ``contributions`` are the features with their share in the score, strongest first; ``features`` their values. What a feature is called
    stands in ``feature_words.tsv``.
    """
    best = pillars[0]
    sections = dict.fromkeys(pillar.assertion.mention.section.value for pillar in pillars)
    parts = [f"Named in {_listed([_section(section) for section in sections])}; matched by {_match(best)}."]
    if spoke_for := [_said(name, features) for name, share in contributions if share > 0][:_STRONGEST]:
        parts.append(f"Weighed most: {'; '.join(spoke_for)}.")
    if spoke_against := [_said(name, features) for name, share in contributions[:_STRONGEST] if share < 0]:
        parts.append(f"Weighed against it: {'; '.join(spoke_against)}.")
    if by_clinician := sorted({pillar.source for pillar in pillars if pillar.source}):
        parts.append(f"Supplied by another clinician than the provider: {_listed(by_clinician)}.")
    if rule:
        parts.append(f"Decided by rule: {rule}.")
    return " ".join(parts)


def _said(name: str, features: Mapping[str, float]) -> str:
    """A feature in a coder's words: what its absence is called, too, can speak for a code."""
    above, high, low = _feature_words()[name]
    return high if features.get(name, 0.0) > above else low


@cache
def _feature_words() -> dict[str, tuple[float, str, str]]:
    return {row["feature"]: (float(row["above"]), row["high"], row["low"]) for row in table_rows("fhir_coder.coding", "feature_words.tsv")}


def _section(section: str) -> str:
    if section == "body":
        return "text without a heading"
    return "the " + section.replace("-and-", "/").replace("-", " ")


def _match(pillar: Pillar) -> str:
    """The dictionary entry or index that offered the code."""
    source, score = pillar.candidate.source, pillar.candidate.score
    if source.startswith("retrieval:"):
        return f"likeness to {source.removeprefix('retrieval:')} (score {score:.2f})"
    kind, _, entry = source.partition(":")
    words = entry.rpartition(":")[2].partition("@")[0].replace("-", " ")
    return f"{_MATCHED_BY.get(kind, kind)} ({words})" if words else _MATCHED_BY.get(kind, kind)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
