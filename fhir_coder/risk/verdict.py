"""An answer with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """Whether a criterion is met; what the resources do not say is unknown, never no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``source`` names the resource and the code that decided, or says what is missing; never words of a note."""

    answer: Answer
    source: str
