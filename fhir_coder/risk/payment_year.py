"""The payment year that a date of service counts for, and the mapping that is used for it.

The model is prospective: diagnoses of one calendar year adjust the payment of the next (42 CFR 422.310(g), on the deadlines for the data of a
payment year).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Fit(StrEnum):
    """How the mapping in use fits the date: it is that of its payment year, of a nearby one because the right one is not published here
    (the date lies before or after), or the newest because the date is unknown."""

    COVERED = "covered"
    EARLIER = "earlier"
    LATER = "later"
    UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class PaymentYear:
    """The payment year of the mapping in use."""

    year: int
    fit: Fit


def payment_year(service_date: date | None, published: Sequence[int]) -> PaymentYear:
    """The mapping for a date of service, ``published`` being the payment years that have one, ascending and not empty."""
    if service_date is None:
        return PaymentYear(published[-1], Fit.UNDATED)
    wanted = service_date.year + 1
    if wanted < published[0]:
        return PaymentYear(published[0], Fit.EARLIER)
    if wanted > published[-1]:
        return PaymentYear(published[-1], Fit.LATER)
    nearest = max(year for year in published if year <= wanted)
    return PaymentYear(nearest, Fit.COVERED if nearest == wanted else Fit.LATER)
