"""How a question or its withdrawal stands after an attempt, and what the lines of a receipt come to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from fhir_coder.exchange import Resource
from fhir_coder.writeback.receipt_line import number_of, passes


class Standing(StrEnum):
    """``THERE``: nothing is left to do; ``REFUSED``: a person has to see to it; ``FAILED``: to be tried again; ``UNSURE``: it may be there, and a person has
    to look before it is sent again."""

    THERE = "there"
    REFUSED = "refused"
    FAILED = "failed"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Asked:
    """Where it stands: ``reference`` is the Task at the EHR if there is one, else the Communication; ``detail`` a sentence without words of the question."""

    standing: Standing
    reference: str = ""
    detail: str = ""


def is_lasting(response: Resource) -> bool:
    """Whether trying again is of no use: the EHR said no."""
    return number_of(response) >= 400 and not passes(number_of(response))


def failed(response: Resource, what: str) -> Asked:
    """What did not work: for good, or for now."""
    number = number_of(response)
    detail = f"the EHR did not take {what} (HTTP {number})"
    return Asked(Standing.REFUSED if is_lasting(response) else Standing.FAILED, detail=detail)


def not_allowed(kinds: Collection[str]) -> Asked:
    """What the EHR takes and the token does not allow: somebody else's may, or the server's own."""
    return Asked(Standing.FAILED, detail=f"not allowed by the scopes of your sign-in: {', '.join(sorted(kinds))}")


def unsure(what: str) -> Asked:
    """What may have arrived, at an EHR that cannot be asked."""
    return Asked(Standing.UNSURE, detail=f"{what} may have arrived, and the EHR cannot be searched: look there before it is sent again")
