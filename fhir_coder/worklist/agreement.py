"""How far two coders agree who coded the same encounters without seeing each other's codes.

The measure is the F-measure over codes: twice the codes that both have, by all the codes that each has. Of a code set of tens of thousands nearly
all codes are rightly in neither list, so that agreement by chance is next to nothing, and kappa comes to the F-measure (Hripcsak and Rothschild,
"Agreement, the F-measure, and reliability in information retrieval", JAMIA 2005;12(3):296-298, https://doi.org/10.1197/jamia.M1733). It is
symmetric: neither of the two is taken for the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two lists of codes for one encounter. Codes are in the order of the first list, then of the second."""

    both: tuple[str, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    is_first_listed_same: bool

    @property
    def is_exact(self) -> bool:
        """Whether both lists hold the same codes, in whatever order."""
        return not self.only_first and not self.only_second


@dataclass(frozen=True, slots=True)
class Agreement:
    """Over several encounters: how many there are, in how many the codes are the same, in how many the first-listed code is; and the codes that
    both lists hold, and that each holds."""

    count: int = 0
    exact: int = 0
    first_listed: int = 0
    both: int = 0
    first: int = 0
    second: int = 0

    @property
    def on_codes(self) -> float | None:
        """The F-measure over all codes of all encounters, 0 to 1; None where there is no code."""
        codes = self.first + self.second
        return 2 * self.both / codes if codes else None

    def is_below(self, floor: float, least: int) -> bool:
        """Whether at least so many encounters agree less than the floor."""
        return self.count >= least and self.on_codes is not None and self.on_codes < floor


def compare(first: Sequence[str], second: Sequence[str]) -> Comparison:
    """Each list holds a code once."""
    return Comparison(
        tuple(one for one in first if one in second),
        tuple(one for one in first if one not in second),
        tuple(one for one in second if one not in first),
        tuple(first[:1]) == tuple(second[:1]),
    )


def agreement(comparisons: Iterable[Comparison]) -> Agreement:
    """Codes count alike, whichever encounter they are of."""
    found = tuple(comparisons)
    both = sum(len(one.both) for one in found)
    return Agreement(
        len(found),
        sum(one.is_exact for one in found),
        sum(one.is_first_listed_same for one in found),
        both,
        both + sum(len(one.only_first) for one in found),
        both + sum(len(one.only_second) for one in found),
    )
