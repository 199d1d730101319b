"""How an encounter of a bulk run ended, as the store keeps it: the only word that counts on what is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class End(Enum):
    """How it ended."""

    CODED = "coded"
    FAILED = "failed"
    AGAIN = "again"
    """It may go better another time: a resumed run tries it again."""
    BEGUN = "begun"
    """Of no encounter, but of the run: the store knows it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """``encounter`` is a reference, ``version`` a digest of what was coded, ``error`` the number of the error or empty, ``coding`` the id of the coding
    or empty. ``lengths`` are, by resource type, the lengths in bytes that the files of output part ``part`` have with the lines of this encounter."""

    encounter: str
    version: str
    end: End
    error: str = ""
    coding: str = ""
    part: int = 0
    lengths: Mapping[str, int] = field(default_factory=dict)


Did = tuple[str, End | None, str]
"""An encounter's id, how it ended (None: before), and the number of its error or empty."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What came of a run: encounters by end, failures by number of the error, those to be tried again too; codings by disposition, and in them codes and
    findings by edit."""

    ends: dict[str, int]
    errors: dict[str, int]
    again: dict[str, int]
    dispositions: dict[str, int]
    codes: dict[str, int]
    findings: dict[str, int]


class EndedBefore(Exception):
    """Another process has ended this encounter: what was made of it now is not kept."""
