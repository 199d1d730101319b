"""Whether probabilities are what they say: of the codes that were given 0.8, do people keep eight of ten?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fhir_coder.outcomes.shares import Share
from fhir_coder.outcomes.signed_line import SignedLine

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Proposed codes whose probability lies from ``low`` (included) to ``high`` (included in the last only). ``predicted`` is their mean probability,
    None of none; ``kept`` how many were signed."""

    low: float
    high: float
    predicted: float | None
    kept: Share


@dataclass(frozen=True, slots=True)
class Calibration:
    """``brier`` is the mean squared distance of probability and fate (Brier 1950: 0 best, 0.25 for always saying one half); ``error`` the expected
    calibration error, the mean of the distances of the bins weighted by their codes (Naeini et al. 2015). Both are None of no code."""

    bins: tuple[Bin, ...]
    brier: float | None
    error: float | None

    @property
    def of(self) -> int:
        """How many proposed codes it rests on."""
        return sum(one.kept.of for one in self.bins)


def fates(line: SignedLine) -> Iterable[tuple[float, bool]]:
    """The probability of each proposed code, and whether the code was signed."""
    signed = set(line.counted.final)
    return [(probability, code in signed) for code, probability in line.counted.proposed]


def calibration(pairs: Iterable[tuple[float, bool]]) -> Calibration:
    """Of probabilities between 0 and 1 and what became of them."""
    counts, kept, sums, squares = [0] * BINS, [0] * BINS, [0.0] * BINS, 0.0
    for probability, is_kept in pairs:
        place = min(int(probability * BINS), BINS - 1)
        counts[place] += 1
        kept[place] += is_kept
        sums[place] += probability
        squares += (probability - is_kept) ** 2
    of = sum(counts)
    bins = tuple(
        Bin(place / BINS, (place + 1) / BINS, sums[place] / counts[place] if counts[place] else None, Share(kept[place], counts[place]))
        for place in range(BINS)
    )
    distance = sum(abs(total - one) for total, one in zip(sums, kept, strict=True))
    return Calibration(bins, squares / of if of else None, distance / of if of else None)
