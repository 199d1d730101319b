"""One coded note beside its reference codes: what every measure of coding counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_coder.model import CodedEncounter


@dataclass(frozen=True, slots=True)
class Document:
    """One scored document: gold codes, and predicted codes with their probability, assigned ones only, in claim order.

    ``first`` is the first-listed reference code, empty where the reference names no order. ``ranked`` holds every candidate that was ranked, assigned or not, with its probability: the population of the calibration figure.
    """

    gold: frozenset[str]
    predicted: dict[str, float]
    ranked: dict[str, float]
    first: str = ""


def document_of(coded: CodedEncounter, gold: Sequence[str]) -> Document:
    """A coded encounter beside its reference codes in claim order. A rejected code without probability was never ranked."""
    predicted = {one.code: one.probability for one in coded.assignments}
    ranked = {one.code: one.probability for one in coded.rejected if one.probability > 0} | predicted
    return Document(frozenset(gold), predicted, ranked, gold[0] if gold else "")
