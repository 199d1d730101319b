"""One coded note beside its reference codes: what every measure of coding counts."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_coder.model import CodedEncounter


@dataclass(frozen=True, slots=True)
class Document:
    """One scored document: gold codes, and predicted codes with their probability, assigned ones only.

    ``ranked`` holds every candidate that was ranked, assigned or not, with its probability: the population of the calibration figure.
    """

    gold: frozenset[str]
    predicted: dict[str, float]
    ranked: dict[str, float]


def document_of(coded: CodedEncounter, gold: frozenset[str]) -> Document:
    """A coded encounter beside its reference codes. A rejected code without probability was never ranked."""
    predicted = {one.code: one.probability for one in coded.assignments}
    ranked = {one.code: one.probability for one in coded.rejected if one.probability > 0} | predicted
    return Document(gold, predicted, ranked)
