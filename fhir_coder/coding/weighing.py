"""What speaks for each code and what the ranker sees of it, by the coding policy."""

from __future__ import annotations

from fhir_coder.coding.case_reports.features import MEANING as MENTION_MEANING
from fhir_coder.coding.case_reports.features import MENTION_FEATURES, mention_features
from fhir_coder.coding.case_reports.sightings import as_offers, find_sightings
from fhir_coder.coding.features import FEATURES, MEANING, code_features
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.coding.support import Offers, gather_support
from fhir_coder.model import Candidates
from terminology.codebook import Codebook

FEATURE_SETS = ((FEATURES, MEANING), (MENTION_FEATURES, MENTION_MEANING))
"""The names and the meaning of the features that this version computes: of outpatient notes, and of case reports."""


def weigh(candidates: Candidates, codebook: Codebook, policy: CodingPolicy) -> tuple[Offers, dict[str, dict[str, float]]]:
    """The codes offered with what speaks for them, and the features of each."""
    if policy.reads_phrases:
        sightings = find_sightings(candidates, codebook)
        return as_offers(sightings), mention_features(sightings, candidates.assertions, codebook, policy.learned)
    offers = gather_support(candidates, codebook, policy)
    return offers, code_features(offers, candidates.assertions, codebook, policy.weighs_place)


def feature_set(policy: CodingPolicy) -> tuple[tuple[str, ...], int]:
    """Names and meaning of the policy's features."""
    return FEATURE_SETS[int(policy.reads_phrases)]
