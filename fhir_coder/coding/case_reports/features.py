"""What the ranker of ``--policy mentions`` sees of each code. Every feature is a number, 0 or 1 where it says "is"."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

from fhir_coder.coding.case_reports.learned import LearnedPhrases, Link
from fhir_coder.coding.case_reports.offers import Means
from fhir_coder.coding.case_reports.sightings import Sighting, Sightings
from fhir_coder.coding.features import is_symptom
from fhir_coder.model import Assertions, Presence, Temporality
from terminology.codebook import Codebook
from terminology.detail import is_unspecified

MENTION_FEATURES: tuple[str, ...] = (
    "dictionary_mentions",
    "asserted_mentions",
    "denied_mentions",
    "uncertain_mentions",
    "past_mentions",
    "is_completed",
    "is_in_lexicon",
    "dictionary_words",
    "is_history_offer",
    "retrieved",
    "retrieved_first",
    "retrieval_score",
    "retrieval_by_words",
    "retrieval_by_meaning",
    "retrieval_rank",
    "retrieval_lead",
    "retrieval_words",
    "phrases",
    "phrase_precision",
    "phrase_together",
    "phrase_reports",
    "phrase_nearness",
    "phrase_words",
    "phrase_evidence",
    "phrase_is_inner",
    "free_phrases",
    "alike_phrases",
    "alike_share",
    "alike_precision",
    "code_prior",
    "category_prior",
    "is_symptom",
    "is_unspecified",
    "is_billable",
    "code_length",
    "chapter",
    "rivals",
    "rival_phrase_precision",
    "rival_prior",
    "first_place",
    "note_words",
)
MEANING = 1
"""Raised when a feature keeps its name and comes to mean something else."""

_INNER_PHRASE, _INNER_EVIDENCE = 0.5, 0.4
"""What a phrase within a longer one still counts: "pain" in "abdominal pain" seldom has its own code."""


def mention_features(
    sightings: Sightings, assertions: Assertions, codebook: Codebook, learned: LearnedPhrases | None
) -> dict[str, dict[str, float]]:
    """The values of every code that is seen."""
    length = sum(len(note.text) for note in assertions.encounter.notes)
    words = sum(len(note.text.split()) for note in assertions.encounter.notes)
    found = {}
    for code, seen in sightings.items():
        values = dict.fromkeys(MENTION_FEATURES, 0.0)
        values |= _dictionary([one for one in seen if one.means is Means.DICTIONARY])
        values |= _retrieval([one for one in seen if one.means is Means.RETRIEVAL])
        if learned is not None:
            values |= _phrases(code, [one for one in seen if one.means is Means.LEARNED], learned)
            values |= _alike([one for one in seen if one.means is Means.ALIKE])
            values |= {"code_prior": learned.prior(code), "category_prior": learned.prior_of_category(code)}
        values |= _kind(code, codebook)
        values |= {"first_place": min(one.assertion.mention.start for one in seen) / max(1, length), "note_words": words}
        found[code] = values
    _add_rivals(found)
    return {code: {name: round(float(values[name]), 6) for name in MENTION_FEATURES} for code, values in found.items()}


def _dictionary(seen: list[Sighting]) -> dict[str, float]:
    named = [one for one in seen if not one.is_history]
    return {
        "dictionary_mentions": len(named),
        "asserted_mentions": sum(one.assertion.is_codable for one in named),
        "denied_mentions": sum(one.assertion.presence is Presence.ABSENT for one in named),
        "uncertain_mentions": sum(one.assertion.presence is Presence.POSSIBLE for one in named),
        "past_mentions": sum(one.assertion.temporality is Temporality.HISTORICAL for one in named),
        "is_completed": float(any(not one.is_header for one in named)),
        "is_in_lexicon": float(any(one.candidate.source.startswith("lexicon:") for one in named)),
        "dictionary_words": max((len(one.assertion.mention.text.split()) for one in named), default=0),
        "is_history_offer": float(len(named) < len(seen)),
    }


def _retrieval(seen: list[Sighting]) -> dict[str, float]:
    if not seen:
        return {}
    best = max(seen, key=lambda one: (one.candidate.score, -one.rank))
    return {
        "retrieved": len(seen),
        "retrieved_first": sum(one.rank == 0 for one in seen),
        "retrieval_score": best.candidate.score,
        "retrieval_by_words": best.candidate.lexical or 0.0,
        "retrieval_by_meaning": best.candidate.dense or 0.0,
        "retrieval_rank": best.rank,
        "retrieval_lead": best.lead,
        "retrieval_words": len(best.assertion.mention.text.split()),
    }


def _phrases(code: str, seen: list[Sighting], learned: LearnedPhrases) -> dict[str, float]:
    if not seen:
        return {}
    links = [(one, _link(one, code, learned)) for one in seen]
    best, link = max(links, key=lambda pair: (_worth(*pair), pair[1].together))
    distinct = {one.candidate.source: (one, own) for one, own in reversed(links)}
    evidence = sum(-math.log1p(-own.precision * (_INNER_EVIDENCE if one.is_inner else 1.0)) for one, own in distinct.values())
    return {
        "phrases": len(distinct),
        "phrase_precision": _worth(best, link),
        "phrase_together": link.together,
        "phrase_reports": link.reports,
        "phrase_nearness": link.nearness,
        "phrase_words": len(best.candidate.source.split()),
        "phrase_evidence": evidence,
        "phrase_is_inner": float(best.is_inner),
        "free_phrases": sum(not one.is_inner for one in seen),
    }


def _link(one: Sighting, code: str, learned: LearnedPhrases) -> Link:
    links = learned.links_of(one.assertion.mention.text)
    return next(link for link in links if link.code == code)


def _worth(one: Sighting, link: Link) -> float:
    return link.precision * (_INNER_PHRASE if one.is_inner else 1.0)


def _alike(seen: list[Sighting]) -> dict[str, float]:
    if not seen:
        return {}
    best = max((one.candidate for one in seen), key=lambda one: (one.score * ((one.lexical or 0.0) + 0.1), one.score))
    return {"alike_phrases": len(seen), "alike_share": best.score, "alike_precision": best.lexical or 0.0}


def _kind(code: str, codebook: Codebook) -> dict[str, float]:
    return {
        "is_symptom": float(is_symptom(codebook, code)),
        "is_unspecified": float(is_unspecified(codebook.title(code))),
        "is_billable": float(codebook.is_billable(code)),
        "code_length": len(code),
        "chapter": ord(code[0]) - ord("A"),
    }


def _add_rivals(found: Mapping[str, dict[str, float]]) -> None:
    """How many other codes of the category are offered, and the best of them."""
    families: dict[str, list[str]] = defaultdict(list)
    for code in found:
        families[code[:3]].append(code)
    for code, values in found.items():
        others = [found[other] for other in families[code[:3]] if other != code]
        values["rivals"] = len(others)
        values["rival_phrase_precision"] = max((one["phrase_precision"] for one in others), default=0.0)
        values["rival_prior"] = max((one["code_prior"] for one in others), default=0.0)
